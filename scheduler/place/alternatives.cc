#include "scheduler/place/alternatives.h"

#include <algorithm>
#include <memory>

#include "proto/job.pb.h"

namespace yurt::scheduler {
namespace {

// Alternative `number` of the block: 0 is what the block itself says.
void choose_alternative(model::RequestedDevice& device, int number) {
  if (number > 0) {
    const model::DeviceAlternative chosen = device.first_available(number - 1);
    device.Clear();
    device.set_name(chosen.name());
    if (chosen.has_count()) device.set_count(chosen.count());
    *device.mutable_constraint() = chosen.constraint();
    *device.mutable_affinity() = chosen.affinity();
    if (chosen.has_share_devices()) *device.mutable_share_devices() = chosen.share_devices();
  }
  device.clear_first_available();
}

}  // namespace

std::vector<JobRef> alternatives_of(const JobRef& job, int group) {
  std::vector<int> choices;  // of every device block of the group, in order: how many it has
  for (const auto& task : job->group(group).task()) {
    for (const auto& device : task.resources().device()) {
      choices.push_back(1 + device.first_available_size());
    }
  }
  if (std::all_of(choices.begin(), choices.end(), [](int count) { return count == 1; })) {
    return {job};
  }
  std::vector<JobRef> alternatives;
  std::vector<int> chosen(choices.size(), 0);
  for (;;) {
    auto variant = std::make_shared<model::Job>(*job);
    std::size_t block = 0;
    for (auto& task : *variant->mutable_group(group)->mutable_task()) {
      for (auto& device : *task.mutable_resources()->mutable_device()) {
        choose_alternative(device, chosen[block++]);
      }
    }
    alternatives.push_back(std::move(variant));
    std::size_t last = chosen.size();
    while (last > 0 && chosen[last - 1] + 1 == choices[last - 1]) chosen[--last] = 0;
    if (last == 0) return alternatives;
    ++chosen[last - 1];
  }
}

}  // namespace yurt::scheduler
