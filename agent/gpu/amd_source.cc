#include "agent/gpu/amd_source.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "agent/gpu/device_files.h"
#include "base/file.h"

namespace yurt::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t amd_mib = 1 << 20;
constexpr const char* amd_vendor_id = "0x1002";

std::string first_line(const std::string& path) {
  std::string text = read_file(path).value_or("");
  return text.substr(0, text.find_first_of("\r\n"));
}

std::optional<std::int64_t> number_in(const std::string& path) {
  const std::string text = first_line(path);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

// The entries of `folder` whose names begin with `prefix` and end in digits, by that number.
std::vector<fs::path> numbered(const fs::path& folder, const std::string& prefix) {
  std::vector<std::pair<int, fs::path>> found;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with(prefix)) continue;
    int number = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, number);
    if (error == std::errc() && stop == end) found.emplace_back(number, entry->path());
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

std::string bus_id_of(const std::string& device_folder) {
  std::error_code failure;
  const fs::path real = fs::canonical(device_folder, failure);
  return failure ? "" : real.filename().string();
}

Gpu describe_amd(const std::string& folder, const std::string& root) {
  Gpu gpu;
  gpu.vendor = "amd";
  gpu.pci_bus_id = bus_id_of(folder);
  const std::string unique = first_line(folder + "/unique_id");
  gpu.id = unique.empty() ? gpu.pci_bus_id : "GPU-" + unique;
  gpu.model = first_line(folder + "/product_name");
  if (gpu.model.empty()) gpu.model = "AMD GPU " + first_line(folder + "/device");
  gpu.memory_mib = number_in(folder + "/mem_info_vram_total").value_or(0) / amd_mib;
  if (const auto node = number_in(folder + "/numa_node"); node && *node >= 0) {
    gpu.numa_node = static_cast<int>(*node);
  }
  gpu.driver_version = first_line(root + "/sys/module/amdgpu/version");
  for (const fs::path& monitor : numbered(folder + "/hwmon", "hwmon")) {
    // Microwatts.
    if (const auto cap = number_in(monitor / "power1_cap")) gpu.power_w = *cap / 1'000'000;
  }
  gpu.device_files.emplace_back("/dev/kfd");
  for (const fs::path& node : numbered(folder + "/drm", "renderD")) {
    gpu.device_files.push_back("/dev/dri/" + node.filename().string());
  }
  return gpu;
}

}  // namespace

std::vector<Gpu> AmdSource::discover() {
  cards_.clear();
  std::vector<Gpu> gpus;
  for (const fs::path& card : numbered(root_ + "/sys/class/drm", "card")) {
    const std::string folder = (card / "device").string();
    if (first_line(folder + "/vendor") != amd_vendor_id) continue;
    Gpu gpu = describe_amd(folder, root_);
    if (gpu.memory_mib == 0) continue;  // not amdgpu's: nothing can be told of it
    cards_.push_back({folder, gpu});
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

std::map<std::string, GpuReading> AmdSource::read() {
  std::map<std::string, GpuReading> readings;
  for (const Card& card : cards_) {
    const auto used = number_in(card.folder + "/mem_info_vram_used");
    if (!used) {
      faults_.push_back({GpuFault::Kind::lost, card.gpu.id});
      continue;
    }
    GpuReading reading;
    reading.memory_used_bytes = *used;
    reading.memory_total_bytes = card.gpu.memory_mib * amd_mib;
    if (const auto busy = number_in(card.folder + "/gpu_busy_percent")) {
      reading.utilization = static_cast<double>(*busy);
    }
    if (const auto busy = number_in(card.folder + "/mem_busy_percent")) {
      reading.memory_utilization = static_cast<double>(*busy);
    }
    for (const fs::path& monitor : numbered(card.folder + "/hwmon", "hwmon")) {
      if (const auto heat = number_in(monitor / "temp1_input")) {  // thousandths of a degree
        reading.temperature_c = static_cast<int>(*heat / 1000);
      }
      for (const char* file : {"power1_average", "power1_input"}) {
        const auto power = number_in(monitor / file);
        if (power && !reading.power_w) reading.power_w = static_cast<double>(*power) / 1e6;
      }
    }
    // The error counters of the reliability features: "ue: 0\nce: 0\n", uncorrected first.
    const std::string errors = read_file(card.folder + "/ras/umc_err_count").value_or("");
    if (errors.starts_with("ue:")) reading.ecc_uncorrected = std::strtoll(&errors[3], nullptr, 10);
    readings.emplace(card.gpu.id, std::move(reading));
  }
  return readings;
}

std::vector<GpuFault> AmdSource::faults() { return std::exchange(faults_, {}); }

}  // namespace yurt::agent
