#include "agent/gpu/nvml_source.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "agent/gpu/device_files.h"
#include "base/log.h"

namespace yurt::agent {
namespace {

constexpr std::int64_t nvml_mib = 1 << 20;

std::string text_from(const NvmlLibrary::Text& call, nvml::Device device) {
  std::array<char, nvml::text_bytes> text{};
  if (call == nullptr || call(device, text.data(), text.size() - 1) != nvml::success) return "";
  return text.data();
}

template <typename T = std::int64_t>
std::optional<T> number_from(const NvmlLibrary::Number& call, nvml::Device device) {
  unsigned value = 0;
  if (call == nullptr || call(device, &value) != nvml::success) return std::nullopt;
  return static_cast<T>(value);
}

std::optional<std::int64_t> clock_from(const NvmlLibrary& library, nvml::Device device, int which) {
  unsigned mhz = 0;
  if (library.max_clock == nullptr || library.max_clock(device, which, &mhz) != nvml::success) {
    return std::nullopt;
  }
  return mhz;
}

// What one lane moves each way in MB/s, by PCI Express generation: after its line code.
std::optional<std::int64_t> pci_bandwidth(std::optional<std::int64_t> generation,
                                          std::optional<std::int64_t> width) {
  constexpr std::array<std::int64_t, 7> lane_mb_s = {0, 250, 500, 985, 1969, 3938, 7563};
  if (!generation || !width || *generation < 1 || *generation > 6) return std::nullopt;
  return lane_mb_s[static_cast<std::size_t>(*generation)] * *width;
}

bool is_gone(nvml::Return code) {
  return code == nvml::error_gpu_is_lost || code == nvml::error_reset_required;
}

}  // namespace

NvmlSource::NvmlSource(std::string library, bool required, std::string system_root)
    : path_(std::move(library)), required_(required), root_(std::move(system_root)) {}

NvmlSource::~NvmlSource() {
  if (events_ != nullptr && library_) library_->event_set_free(events_);
}

bool NvmlSource::open() {
  if (library_) return true;
  auto opened = NvmlLibrary::open(path_);
  if (!opened.ok()) {
    // A machine without NVIDIA's driver is the common case.
    const bool loud = required_ || opened.error().code != ErrorCode::not_found;
    if (loud && !std::exchange(told_, true)) {
      YURT_LOG(warn, "gpu", "no NVIDIA GPUs are offered: {}", opened.error().message);
    }
    return false;
  }
  told_ = false;
  library_ = std::move(*opened);
  std::array<char, nvml::text_bytes> text{};
  if (library_->system_driver_version != nullptr &&
      library_->system_driver_version(text.data(), text.size() - 1) == nvml::success) {
    driver_version_ = text.data();
  }
  int cuda = 0;  // 12040 is 12.4
  if (library_->system_cuda_version != nullptr &&
      library_->system_cuda_version(&cuda) == nvml::success && cuda > 0) {
    cuda_version_ = fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10);
  }
  return true;
}

std::vector<Gpu> NvmlSource::discover() {
  if (!open()) return {};
  std::vector<Card> before = std::exchange(cards_, {});
  std::vector<nvml::Device> found;
  const unsigned count = library_->count();
  for (unsigned i = 0; i < count; ++i) {
    nvml::Device device = nullptr;
    if (library_->device_by_index(i, &device) != nvml::success) continue;
    if (text_from(library_->uuid, device).empty()) continue;  // lost: it has no name any more
    found.push_back(device);
    Gpu gpu = describe(device);
    cards_.push_back({device, device, gpu});
    if (gpu.mig_mode) add_instances(device, gpu);
  }
  for (Card& card : cards_) {
    const auto known = std::find_if(before.begin(), before.end(),
                                    [&card](const Card& old) { return old.gpu.id == card.gpu.id; });
    if (known != before.end()) card.utilization_seen_us = known->utilization_seen_us;
  }
  watch_events(found);
  std::vector<Gpu> gpus;
  for (const Card& card : cards_) gpus.push_back(card.gpu);
  if (count == 0 && library_->count() == 0 && !before.empty()) {
    // All of them at once: the driver was unloaded. Begin anew when it comes back.
    if (events_ != nullptr) library_->event_set_free(std::exchange(events_, nullptr));
    watched_.clear();
    library_.reset();
  }
  return gpus;
}

void NvmlSource::watch_events(const std::vector<nvml::Device>& cards) {
  if (cards == watched_ || library_->event_set_create == nullptr ||
      library_->register_events == nullptr || library_->event_wait == nullptr ||
      library_->event_set_free == nullptr) {
    return;
  }
  if (events_ != nullptr) library_->event_set_free(std::exchange(events_, nullptr));
  watched_ = cards;
  if (library_->event_set_create(&events_) != nvml::success) {
    events_ = nullptr;
    return;
  }
  for (const nvml::Device device : cards) {
    const nvml::Return code =
        library_->register_events(device, nvml::event_xid_critical_error, events_);
    if (code != nvml::success) {
      YURT_LOG(warn, "gpu", "{}: Xid errors can't be watched (NVML error {})",
               text_from(library_->uuid, device), code);
    }
  }
}

Gpu NvmlSource::describe(nvml::Device device) const {
  Gpu gpu;
  gpu.vendor = "nvidia";
  gpu.id = text_from(library_->uuid, device);
  gpu.model = text_from(library_->name, device);
  gpu.driver_version = driver_version_;
  gpu.cuda_version = cuda_version_;
  nvml::Memory memory{};
  if (library_->memory != nullptr && library_->memory(device, &memory) == nvml::success) {
    gpu.memory_mib = static_cast<std::int64_t>(memory.total) / nvml_mib;
  }
  nvml::Bar1Memory bar1{};
  if (library_->bar1 != nullptr && library_->bar1(device, &bar1) == nvml::success) {
    gpu.bar1_mib = static_cast<std::int64_t>(bar1.total) / nvml_mib;
  }
  nvml::PciInfo pci{};
  if (library_->pci != nullptr && library_->pci(device, &pci) == nvml::success) {
    gpu.pci_bus_id = std::string(pci.bus_id, ::strnlen(pci.bus_id, sizeof pci.bus_id));
    for (char& c : gpu.pci_bus_id) c = static_cast<char>(std::tolower(c));
  }
  gpu.numa_node = number_from<int>(library_->numa_node, device);
  if (!gpu.numa_node) gpu.numa_node = numa_node_of(root_, gpu.pci_bus_id);
  gpu.cores_clock_mhz = clock_from(*library_, device, nvml::clock_sm);
  gpu.memory_clock_mhz = clock_from(*library_, device, nvml::clock_mem);
  gpu.pci_bandwidth_mb_s = pci_bandwidth(number_from(library_->pcie_generation, device),
                                         number_from(library_->pcie_width, device));
  if (const auto limit = number_from(library_->power_limit_mw, device)) {
    gpu.power_w = *limit / 1000;
  }
  if (const auto on = number_from(library_->persistence, device)) gpu.persistence = *on != 0;
  if (const auto on = number_from(library_->display_active, device)) gpu.display = *on != 0;
  int major = 0;
  int minor = 0;
  if (library_->compute_capability != nullptr &&
      library_->compute_capability(device, &major, &minor) == nvml::success) {
    gpu.compute_capability = fmt::format("{}.{}", major, minor);
  }
  unsigned mig = 0;
  unsigned pending = 0;
  gpu.mig_mode = library_->mig_mode != nullptr &&
                 library_->mig_mode(device, &mig, &pending) == nvml::success &&
                 mig == nvml::mig_enabled;
  gpu.minor = number_from<int>(library_->minor_number, device);
  gpu.device_files = nvidia_device_files(gpu, root_);
  return gpu;
}

void NvmlSource::add_instances(nvml::Device device, const Gpu& card) {
  if (library_->max_mig_devices == nullptr || library_->mig_device == nullptr) return;
  const unsigned most = number_from<unsigned>(library_->max_mig_devices, device).value_or(0);
  for (unsigned i = 0; i < most; ++i) {
    nvml::Device instance = nullptr;
    if (library_->mig_device(device, i, &instance) != nvml::success) continue;  // an empty place
    Gpu gpu = card;
    gpu.mig_mode = false;
    gpu.parent_id = card.id;
    gpu.id = text_from(library_->uuid, instance);
    if (gpu.id.empty()) continue;
    if (auto name = text_from(library_->name, instance); !name.empty()) gpu.model = std::move(name);
    nvml::DeviceAttributes attributes{};
    if (library_->attributes != nullptr &&
        library_->attributes(instance, &attributes) == nvml::success) {
      gpu.memory_mib = static_cast<std::int64_t>(attributes.memory_size_mb);
    }
    gpu.gpu_instance = number_from<int>(library_->gpu_instance, instance);
    gpu.compute_instance = number_from<int>(library_->compute_instance, instance);
    gpu.device_files = nvidia_device_files(gpu, root_);
    cards_.push_back({instance, device, std::move(gpu)});
  }
}

std::map<std::string, GpuReading> NvmlSource::read() {
  std::map<std::string, GpuReading> readings;
  if (!library_) return readings;
  for (Card& card : cards_) {
    if (auto reading = read_card(card)) {
      readings.emplace(card.gpu.id, std::move(*reading));
    } else {
      faults_.push_back({GpuFault::Kind::lost, card.gpu.id});
    }
  }
  return readings;
}

std::optional<GpuReading> NvmlSource::read_card(Card& card) {
  GpuReading reading;
  nvml::Memory memory{};
  if (library_->memory != nullptr) {
    const nvml::Return code = library_->memory(card.device, &memory);
    if (is_gone(code) || code == nvml::error_uninitialized) return std::nullopt;
  }
  reading.memory_used_bytes = static_cast<std::int64_t>(memory.used);
  reading.memory_total_bytes = static_cast<std::int64_t>(memory.total);
  nvml::Utilization utilization{};
  if (library_->utilization != nullptr) {
    const nvml::Return code = library_->utilization(card.device, &utilization);
    if (is_gone(code)) return std::nullopt;
    if (code == nvml::success) {
      reading.utilization = utilization.gpu;
      reading.memory_utilization = utilization.memory;
    }
  }
  const auto busy = [&](const auto& call) -> std::optional<double> {
    unsigned percent = 0;
    unsigned period_us = 0;
    if (call == nullptr || call(card.device, &percent, &period_us) != nvml::success) {
      return std::nullopt;
    }
    return percent;
  };
  reading.encoder = busy(library_->encoder);
  reading.decoder = busy(library_->decoder);
  unsigned degrees = 0;
  if (library_->temperature != nullptr &&
      library_->temperature(card.parent, nvml::temperature_gpu, &degrees) == nvml::success) {
    reading.temperature_c = static_cast<int>(degrees);
  }
  if (const auto power = number_from(library_->power_mw, card.parent)) {
    reading.power_w = static_cast<double>(*power) / 1000;
  }
  nvml::Bar1Memory bar1{};
  if (library_->bar1 != nullptr && library_->bar1(card.device, &bar1) == nvml::success) {
    reading.bar1_used_mib = static_cast<std::int64_t>(bar1.used) / nvml_mib;
  }
  const auto errors_at = [&](int location) -> std::optional<std::int64_t> {
    unsigned long long count = 0;
    if (library_->ecc_at == nullptr ||
        library_->ecc_at(card.parent, nvml::memory_error_uncorrected, nvml::ecc_volatile, location,
                         &count) != nvml::success) {
      return std::nullopt;
    }
    return static_cast<std::int64_t>(count);
  };
  reading.ecc_l1 = errors_at(nvml::ecc_location_l1);
  reading.ecc_l2 = errors_at(nvml::ecc_location_l2);
  reading.ecc_memory = errors_at(nvml::ecc_location_device_memory);
  unsigned long long uncorrected = 0;
  if (library_->ecc_total != nullptr &&
      library_->ecc_total(card.parent, nvml::memory_error_uncorrected, nvml::ecc_volatile,
                          &uncorrected) == nvml::success) {
    reading.ecc_uncorrected = static_cast<std::int64_t>(uncorrected);
  }
  read_processes(card, reading);
  return reading;
}

void NvmlSource::read_processes(Card& card, GpuReading& reading) const {
  std::map<std::int32_t, GpuProcess> by_pid;
  for (const auto& call : {library_->compute_processes, library_->graphics_processes}) {
    if (call == nullptr) continue;
    std::vector<nvml::ProcessInfo> list(64);
    auto count = static_cast<unsigned>(list.size());
    nvml::Return code = call(card.device, &count, list.data());
    if (code == nvml::error_insufficient_size) {
      list.resize(count + 16);  // some may start meanwhile
      count = static_cast<unsigned>(list.size());
      code = call(card.device, &count, list.data());
    }
    if (code != nvml::success) continue;
    for (unsigned i = 0; i < std::min<std::size_t>(count, list.size()); ++i) {
      auto& process = by_pid[static_cast<std::int32_t>(list[i].pid)];
      process.pid = static_cast<std::int32_t>(list[i].pid);
      if (list[i].used_gpu_memory != nvml::not_available) {
        process.memory_bytes =
            std::max(process.memory_bytes, static_cast<std::int64_t>(list[i].used_gpu_memory));
      }
    }
  }
  if (library_->process_utilization != nullptr && !card.gpu.is_mig() && !by_pid.empty()) {
    std::vector<nvml::ProcessUtilizationSample> samples(256);
    auto count = static_cast<unsigned>(samples.size());
    const unsigned long long since_us = card.utilization_seen_us;
    nvml::Return code =
        library_->process_utilization(card.device, samples.data(), &count, since_us);
    if (code == nvml::error_insufficient_size) {
      samples.resize(count);
      code = library_->process_utilization(card.device, samples.data(), &count, since_us);
    }
    // "Not found": none of them did anything since.
    if (code == nvml::success || code == nvml::error_not_found) {
      for (auto& [pid, process] : by_pid) process.utilization = 0;
      if (code != nvml::success) count = 0;
      for (unsigned i = 0; i < std::min<std::size_t>(count, samples.size()); ++i) {
        card.utilization_seen_us = std::max(card.utilization_seen_us, samples[i].time_stamp);
        const auto found = by_pid.find(static_cast<std::int32_t>(samples[i].pid));
        if (found == by_pid.end() || samples[i].sm_util > 100) continue;
        found->second.utilization =
            std::max(*found->second.utilization, static_cast<double>(samples[i].sm_util));
      }
    }
  }
  for (auto& [pid, process] : by_pid) reading.processes.push_back(std::move(process));
}

std::vector<GpuFault> NvmlSource::faults() {
  std::vector<GpuFault> faults = std::exchange(faults_, {});
  constexpr int most_at_once = 256;
  for (int i = 0; i < most_at_once && events_ != nullptr; ++i) {
    nvml::EventData event{};
    const nvml::Return code = library_->event_wait(events_, &event, 0);
    if (code != nvml::success) break;
    if (event.event_type != nvml::event_xid_critical_error) continue;
    // On a card that is cut, all its instances share the fault.
    for (const Card& card : cards_) {
      if (card.parent != event.device) continue;
      faults.push_back({GpuFault::Kind::xid, card.gpu.id, event.event_data});
    }
  }
  return faults;
}

}  // namespace yurt::agent
