#include "scheduler/verify.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "base/assert.h"

namespace yurt::scheduler {

// What a plan does to one node.
struct PlanVerifier::NodePart {
  struct Resize {
    AllocId alloc;
    std::shared_ptr<const GrantedResources> resources;
  };
  std::vector<AllocRef> place;
  std::vector<AllocId> leave;  // stopped or preempted
  std::vector<Resize> resize;  // in place
};

struct PlanVerifier::Expected {
  Ticket ticket;
  NodePart part;
};

namespace {

// The room of one node while parts of plans are added up.
struct Room {
  std::int64_t cpu_mhz, memory_mb, disk_mb, allocs;
  NodeUse use;
  const NodeDevices& devices;
  std::string taken;  // what two want at once; empty: nothing

  void remove(const Allocation& alloc) {
    if (alloc.resources) add_totals(alloc.resources->totals, -1);
    --allocs;
    use.remove(alloc);
  }
  void add(const Allocation& alloc) {
    if (alloc.resources) {
      add_totals(alloc.resources->totals, 1);
      for (std::uint16_t core : alloc.resources->reserved_cores) {
        if (use.core_used(core)) taken = "core " + std::to_string(core) + " is taken";
      }
      check_room_on_devices(alloc.resources->devices);
    }
    for (const GrantedPort& port : alloc.ports) {
      if (!port.ignore_collision && use.port_used(port.host_ip, port.value)) {
        taken = "port " + std::to_string(port.value) + " is taken";
      }
    }
    ++allocs;
    use.add(alloc);
  }
  // What only a new allocation needs: that its devices are there and work.
  void check_health_of_devices(const Allocation& alloc) {
    if (!alloc.resources) return;
    for (const GrantedDevice& device : alloc.resources->devices) {
      const NodeDevices::Instance* known = devices.find(device.instance);
      if (known == nullptr) taken = "device " + device.instance + " is gone";
      if (known != nullptr && !known->healthy)
        taken = "device " + device.instance + " is unhealthy";
    }
  }

 private:
  void check_room_on_devices(const std::vector<GrantedDevice>& granted) {
    // Several tasks of one allocation may share a device: each finds what the last one left.
    std::map<std::string, DeviceRoom> rooms;
    for (const GrantedDevice& device : granted) {
      auto [at, is_new] = rooms.try_emplace(device.instance);
      if (is_new) {
        const NodeDevices::Instance* known = devices.find(device.instance);
        at->second = room_of(use.device(device.instance), known == nullptr ? 0 : known->memory_mib,
                             devices.shares);
      }
      const DeviceLack lack = at->second.lack(device.size);
      if (lack == DeviceLack::device) {
        taken = "device " + device.instance + " is taken";
      } else if (lack != DeviceLack::nothing) {
        taken = std::string(name_of(lack)) + " of device " + device.instance + " is exhausted";
      }
      at->second.take(device.size);
    }
  }
  void add_totals(const ResourceTotals& totals, std::int64_t sign) {
    cpu_mhz += sign * totals.cpu_mhz;
    memory_mb += sign * totals.memory_mb;
    disk_mb += sign * totals.disk_mb;
  }
};

}  // namespace

PlanVerifier::PlanVerifier(const ClusterView& view) : view_(view) {
  YURT_ASSERT(view.counting() == Counting::until_server_terminal);
}
PlanVerifier::~PlanVerifier() = default;

std::vector<std::pair<NodeId, PlanVerifier::NodePart>> PlanVerifier::split(const Plan& plan) {
  std::vector<std::pair<NodeId, NodePart>> parts;
  std::unordered_map<NodeId, std::size_t> positions;
  const auto of = [&](const NodeId& node) -> NodePart& {
    auto [at, is_new] = positions.try_emplace(node, parts.size());
    if (is_new) parts.emplace_back(node, NodePart{});
    return parts[at->second].second;
  };
  for (const AllocRef& alloc : plan.place) of(alloc->node).place.push_back(alloc);
  for (const Update& update : plan.update) {
    if (update.resources) {
      of(update.alloc->node).resize.push_back({update.alloc->id, update.resources});
    }
  }
  for (const Stop& stop : plan.stop) of(stop.alloc->node).leave.push_back(stop.alloc->id);
  for (const Preemption& preemption : plan.preempt) {
    of(preemption.alloc->node).leave.push_back(preemption.alloc->id);
  }
  return parts;
}

std::string PlanVerifier::refusal(const NodeId& node, const NodePart& part,
                                  const StateView& newest) const {
  if (part.place.empty() && part.resize.empty()) return "";
  const Slot slot = view_.slot_of(node);
  if (slot == no_slot || !view_.node(slot)) return "the node is not known any more";
  const NodeColumns& columns = view_.columns();
  if (columns.ready[slot] == 0) return "the node is not ready";
  if (!part.place.empty() && columns.schedulable[slot] == 0) {
    return "the node is not eligible for new allocations";
  }

  Room room{columns.cpu_used[slot],
            columns.memory_used[slot],
            columns.disk_used[slot],
            columns.allocs_used[slot],
            view_.use(slot),
            view_.facts(slot).devices,
            ""};
  // Everything that leaves, of this plan and of those on their way, goes first, each once.
  std::unordered_set<AllocId> gone;
  const auto leave = [&](const AllocId& id) {
    if (!gone.insert(id).second) return;
    const AllocRef current = newest.alloc(id);
    if (current && current->node == node && view_.counts(*current)) room.remove(*current);
  };
  const auto arrive = [&](const NodePart& arriving, bool may_be_applied) {
    for (const NodePart::Resize& resize : arriving.resize) {
      if (gone.contains(resize.alloc)) continue;
      const AllocRef current = newest.alloc(resize.alloc);
      if (!current || current->node != node || !view_.counts(*current)) continue;
      room.remove(*current);
      Allocation resized = *current;
      resized.resources = resize.resources;
      room.add(resized);
      // A second resize of it would start from the wrong size: it can't be known which wins.
      gone.insert(resize.alloc);
    }
    for (const AllocRef& alloc : arriving.place) {
      if (gone.contains(alloc->id) || (may_be_applied && newest.alloc(alloc->id))) continue;
      room.add(*alloc);
      if (!may_be_applied) room.check_health_of_devices(*alloc);
    }
  };
  const auto expected = expected_.find(node);
  if (expected != expected_.end()) {
    for (const Expected& ahead : expected->second) {
      for (const AllocId& id : ahead.part.leave) leave(id);
    }
  }
  for (const AllocId& id : part.leave) leave(id);
  if (expected != expected_.end()) {
    for (const Expected& ahead : expected->second) arrive(ahead.part, true);
  }
  room.taken.clear();  // collisions among what was accepted before are not this plan's
  arrive(part, false);

  if (!room.taken.empty()) return room.taken;
  if (room.cpu_mhz > columns.cpu_capacity[slot]) return "CPU is exhausted";
  if (room.memory_mb > columns.memory_capacity[slot]) return "memory is exhausted";
  if (room.disk_mb > columns.disk_capacity[slot]) return "disk is exhausted";
  if (room.allocs > columns.allocs_limit[slot]) return "the node's limit of allocations is reached";
  return "";
}

Verdict PlanVerifier::verify(const Plan& plan, const StateView& newest) const {
  Verdict verdict;
  for (const auto& [node, part] : split(plan)) {
    std::string reason = refusal(node, part, newest);
    if (reason.empty()) continue;
    verdict.rejected_nodes.push_back(node);
    verdict.reasons.emplace(node, std::move(reason));
  }
  verdict.whole_plan_rejected = plan.all_at_once && !verdict.rejected_nodes.empty();
  return verdict;
}

PlanVerifier::Ticket PlanVerifier::expect(const Plan& accepted) {
  const Ticket ticket = next_ticket_++;
  std::vector<NodeId>& nodes = tickets_[ticket];
  for (auto& [node, part] : split(accepted)) {
    nodes.push_back(node);
    expected_[node].push_back({ticket, std::move(part)});
  }
  return ticket;
}

void PlanVerifier::settle(Ticket ticket) {
  const auto nodes = tickets_.find(ticket);
  YURT_ASSERT(nodes != tickets_.end());
  for (const NodeId& node : nodes->second) {
    const auto at = expected_.find(node);
    std::erase_if(at->second, [ticket](const Expected& one) { return one.ticket == ticket; });
    if (at->second.empty()) expected_.erase(at);
  }
  tickets_.erase(nodes);
}

Plan accepted_part(const Plan& plan, const Verdict& verdict) {
  if (verdict.complete()) return plan;
  Plan accepted;
  accepted.eval = plan.eval;
  accepted.job = plan.job;
  accepted.all_at_once = plan.all_at_once;
  accepted.snapshot_index = plan.snapshot_index;
  if (verdict.whole_plan_rejected) return accepted;

  std::unordered_set<AllocId> without_successor;
  for (const AllocRef& alloc : plan.place) {
    if (verdict.accepts(alloc->node)) {
      accepted.place.push_back(alloc);
    } else if (!alloc->more().previous.is_nil()) {
      without_successor.insert(alloc->more().previous);
    }
  }
  for (const Stop& stop : plan.stop) {
    // What the server knows to be lost is lost, whatever becomes of its replacement.
    if (stop.client || !without_successor.contains(stop.alloc->id)) accepted.stop.push_back(stop);
  }
  for (const Update& update : plan.update) {
    if (!update.resources || verdict.accepts(update.alloc->node)) accepted.update.push_back(update);
  }
  for (const Preemption& preemption : plan.preempt) {
    if (verdict.accepts(preemption.alloc->node)) accepted.preempt.push_back(preemption);
  }
  accepted.deployment = plan.deployment;
  accepted.deployment_updates = plan.deployment_updates;
  return accepted;
}

}  // namespace yurt::scheduler
