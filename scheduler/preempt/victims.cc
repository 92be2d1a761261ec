#include "scheduler/preempt/victims.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/place/grant.h"

namespace yurt::scheduler {
namespace {

constexpr double over_parallel_penalty = 50;
// Above any penalty for taking too many of a group.
constexpr double holds_no_device_penalty = 100'000;

// What is still missing for the sums to fit; 0 where enough is free.
struct Missing {
  double cpu_mhz, memory_mb, disk_mb, allocs;
};

Missing missing_on(const GroupAsk& ask, const ClusterView& view, Slot slot) {
  const NodeColumns& columns = view.columns();
  const auto lack = [](std::int64_t wanted, std::int64_t used, std::int64_t capacity) {
    return static_cast<double>(std::max<std::int64_t>(0, used + wanted - capacity));
  };
  return {lack(cpu_on(ask, view, slot), columns.cpu_used[slot], columns.cpu_capacity[slot]),
          lack(ask.totals.memory_mb, columns.memory_used[slot], columns.memory_capacity[slot]),
          lack(ask.totals.disk_mb, columns.disk_used[slot], columns.disk_capacity[slot]),
          lack(1, columns.allocs_used[slot], columns.allocs_limit[slot])};
}

// How far the allocation's size is from what is missing, relative to that.
double distance(const Allocation& alloc, const Missing& missing) {
  if (!alloc.resources) return 3;
  const ResourceTotals& totals = alloc.resources->totals;
  const auto coordinate = [](double have, double wanted) {
    return wanted > 0 ? (have - wanted) / wanted : 0.0;
  };
  const double cpu = coordinate(static_cast<double>(totals.cpu_mhz), missing.cpu_mhz);
  const double memory = coordinate(static_cast<double>(totals.memory_mb), missing.memory_mb);
  const double disk = coordinate(static_cast<double>(totals.disk_mb), missing.disk_mb);
  return std::sqrt(cpu * cpu + memory * memory + disk * disk);
}

// Does the allocation hold a device that the group could use? Evicting others frees none.
bool holds_wanted_device(const Allocation& alloc, const GroupAsk& ask, const ClusterView& view,
                         Slot slot) {
  if (!alloc.resources || alloc.resources->devices.empty()) return false;
  const NodeDevices& devices = view.facts(slot).devices;
  const auto& kinds = view.node(slot)->node_resources().devices();
  for (std::size_t g = 0; g < devices.groups.size(); ++g) {
    for (const NodeDevices::Instance& one : devices.groups[g]) {
      const auto& held = alloc.resources->devices;
      const bool holds = std::any_of(held.begin(), held.end(), [&](const GrantedDevice& device) {
        return device.instance == one.key;
      });
      if (!holds) continue;
      for (const DeviceAsk& wanted : ask.devices) {
        if (wanted.request.matches(kinds[static_cast<int>(g)]) && wanted.request.allows(one.id)) {
          return true;
        }
      }
    }
  }
  return false;
}

// Evicts in the proposal, for as long as the trial lives.
class Trial {
 public:
  Trial(Proposal& proposal, Slot slot, const GroupAsk& ask)
      : proposal_(proposal), slot_(slot), ask_(ask) {}
  ~Trial() {
    for (const AllocRef& victim : victims_) proposal_.stay(victim);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void evict(const AllocRef& alloc) {
    proposal_.leave(alloc);
    victims_.push_back(alloc);
  }
  [[nodiscard]] bool fits() const {
    if (sums_refusal(ask_, proposal_.view(), slot_) != nullptr) return false;
    // Any choice of ports shows whether there is one; it is made again when the plan places.
    SeededRandom random(slot_);
    return std::holds_alternative<Grant>(grant_on(ask_, proposal_.view(), slot_, random));
  }
  // Keeps whoever need not go, most important first.
  void spare() {
    std::vector<AllocRef> order = victims_;
    std::stable_sort(order.begin(), order.end(), [](const AllocRef& a, const AllocRef& b) {
      return a->job->priority() > b->job->priority();
    });
    for (const AllocRef& victim : order) {
      proposal_.stay(victim);
      if (fits()) {
        std::erase(victims_, victim);
      } else {
        proposal_.leave(victim);
      }
    }
  }
  [[nodiscard]] const std::vector<AllocRef>& victims() const { return victims_; }

 private:
  Proposal& proposal_;
  Slot slot_;
  const GroupAsk& ask_;
  std::vector<AllocRef> victims_;
};

bool holds_static_port(const Allocation& alloc, const GroupAsk& ask) {
  return std::any_of(alloc.ports.begin(), alloc.ports.end(), [&](const GrantedPort& port) {
    return std::any_of(ask.ports.begin(), ask.ports.end(), [&](const PortAsk& wanted) {
      return wanted.value != 0 && wanted.value == port.value && !wanted.ignore_collision;
    });
  });
}

bool is_own(const Allocation& alloc, const JobKey& job) {
  return alloc.job->id() == job.id && alloc.job->namespace_() == job.ns;
}

}  // namespace

std::string preemption_key(const Allocation& alloc) {
  return alloc.job->namespace_() + "/" + alloc.job->id() + "/" + alloc.task_group().name();
}

std::optional<std::vector<AllocRef>> choose_victims(Proposal& proposal, Slot slot,
                                                    const std::vector<AllocRef>& on_node,
                                                    const GroupAsk& ask, const JobKey& job,
                                                    int job_priority,
                                                    const PreemptedCounts& preempted) {
  std::vector<AllocRef> left;
  for (const AllocRef& alloc : on_node) {
    if (!proposal.view().counts(*alloc) || alloc->server_terminal() || is_own(*alloc, job) ||
        proposal.leaves(alloc->id)) {
      continue;
    }
    if (alloc->job->priority() + preemption_priority_gap <= job_priority) left.push_back(alloc);
  }
  std::stable_sort(left.begin(), left.end(), [](const AllocRef& a, const AllocRef& b) {
    return a->job->priority() != b->job->priority() ? a->job->priority() < b->job->priority()
                                                    : a->id < b->id;
  });

  Trial trial(proposal, slot, ask);
  PreemptedCounts counts = preempted;
  const auto evict = [&](std::size_t at) {
    ++counts[preemption_key(*left[at])];
    trial.evict(left[at]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
  };

  // A static port has one holder: no choice there.
  for (std::size_t i = 0; i < left.size();) {
    holds_static_port(*left[i], ask) ? evict(i) : static_cast<void>(++i);
  }
  while (!trial.fits()) {
    if (left.empty()) return std::nullopt;
    const Missing missing = missing_on(ask, proposal.view(), slot);
    const bool lacks_devices = !ask.devices.empty() && std::holds_alternative<DeviceLack>(
                                                           devices_on(ask, proposal.view(), slot));
    const int priority = left.front()->job->priority();
    std::size_t nearest = 0;
    double nearest_score = 0;
    for (std::size_t i = 0; i < left.size() && left[i]->job->priority() == priority; ++i) {
      double score = distance(*left[i], missing);
      if (lacks_devices && !holds_wanted_device(*left[i], ask, proposal.view(), slot)) {
        score += holds_no_device_penalty;
      }
      const model::TaskGroup& group = left[i]->task_group();
      const auto taken = counts.find(preemption_key(*left[i]));
      const int parallel = group.has_migrate() ? group.migrate().max_parallel() : 0;
      if (parallel > 0 && taken != counts.end() && taken->second + 1 > parallel) {
        score += (taken->second + 1 - parallel) * over_parallel_penalty;
      }
      if (i == 0 || score < nearest_score) {
        nearest = i;
        nearest_score = score;
      }
    }
    evict(nearest);
  }
  trial.spare();
  if (trial.victims().empty()) return std::nullopt;
  return trial.victims();
}

}  // namespace yurt::scheduler
