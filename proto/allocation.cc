#include "proto/allocation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/assert.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt {
namespace {

constexpr std::array desired_names{"run", "stop", "evict"};
constexpr std::array client_names{"pending", "running", "complete", "failed", "lost", "unknown"};

// What agents say of nearly all allocations. Only this process knows the positions.
constexpr std::array<std::string_view, 5> usual_descriptions{
    "", "Tasks are running", "All tasks have completed", "Failed tasks", "No tasks have started"};

template <typename Status, std::size_t N>
std::optional<Status> parse_name(const std::array<const char*, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Status>(i);
  }
  return std::nullopt;
}

}  // namespace

const char* name_of(DesiredStatus status) {
  return desired_names[static_cast<std::size_t>(status)];
}
const char* name_of(ClientStatus status) { return client_names[static_cast<std::size_t>(status)]; }
std::optional<DesiredStatus> parse_desired_status(std::string_view name) {
  return parse_name<DesiredStatus>(desired_names, name);
}
std::optional<ClientStatus> parse_client_status(std::string_view name) {
  return parse_name<ClientStatus>(client_names, name);
}

std::int32_t fraction_millionths(double fraction) {
  // What the fraction lost when it was written in binary is given back: 0.29 is 290,000.
  const double millionths = std::floor(fraction * whole_device_millionths + 1e-3);
  return static_cast<std::int32_t>(
      std::clamp(millionths, fraction > 0 ? 1.0 : 0.0, 1.0 * whole_device_millionths));
}

GrantedResources::GrantedResources()
    : message(std::make_unique<const model::AllocatedResources>()) {}

GrantedResources::GrantedResources(model::AllocatedResources granted) {
  for (const auto& [name, task] : granted.tasks()) {
    const auto& memory = task.memory();
    totals.cpu_mhz += task.cpu().cpu_shares();
    totals.memory_mb += memory.memory_mb();
    totals.memory_max_mb += std::max(memory.memory_mb(), memory.memory_max_mb());
    for (int core : task.cpu().reserved_cores()) {
      reserved_cores.push_back(static_cast<std::uint16_t>(core));
    }
    for (const auto& device : task.devices()) {
      const std::string kind = device.vendor() + "/" + device.type() + "/" + device.name() + "/";
      const DeviceSize size{device.memory_mib(), fraction_millionths(device.fraction()),
                            device.max_sharers()};
      for (const std::string& id : device.device_ids()) devices.push_back({kind + id, size});
    }
  }
  totals.disk_mb = granted.shared().disk_mb();
  std::sort(reserved_cores.begin(), reserved_cores.end());
  std::sort(devices.begin(), devices.end());
  message = std::make_unique<const model::AllocatedResources>(std::move(granted));
}

GrantedResources::~GrantedResources() = default;

const AllocExtra& Allocation::more() const {
  static const AllocExtra defaults;
  return extra ? *extra : defaults;
}

const model::TaskGroup& Allocation::task_group() const {
  YURT_ASSERT(job != nullptr && group < job->group_size());
  return job->group(group);
}

std::string_view Allocation::client_description() const {
  return usual_description == 0 ? std::string_view(more().client_description)
                                : usual_descriptions[usual_description];
}

std::string Allocation::name() const {
  return job->id() + "." + task_group().name() + "[" + std::to_string(name_index) + "]";
}

AllocEdit::AllocEdit(const Allocation& original) : alloc(std::make_shared<Allocation>(original)) {}

AllocExtra& AllocEdit::extra() {
  if (!extra_) {
    extra_ = std::make_shared<AllocExtra>(alloc->more());
    alloc->extra = extra_;
  }
  return *extra_;
}

void AllocEdit::set_client_description(const std::string& description) {
  if (alloc->client_description() == description) return;
  const auto at = std::find(usual_descriptions.begin(), usual_descriptions.end(), description);
  const bool usual = at != usual_descriptions.end();
  alloc->usual_description =
      usual ? static_cast<std::uint8_t>(at - usual_descriptions.begin()) : std::uint8_t{0};
  const std::string& unusual = usual ? std::string() : description;
  if (alloc->more().client_description != unusual) extra().client_description = unusual;
}

AllocRef AllocEdit::publish() && {
  extra_.reset();
  return std::move(alloc);
}

}  // namespace yurt
