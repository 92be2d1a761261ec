// ClusterView: what every node offers and what of it is taken, as arrays with one place (slot) per
// node, so that scanning ten thousand nodes costs microseconds.
//
// Kept up to date by the owner: each change of a node or an allocation is told to it, in any order
// (an allocation may come before its node, or outlive it). One view counts by one rule. Copyable,
// so that one view can seed others; no thread-safety of its own. CPU is in MHz, memory and disk in
// MiB. Nothing here fails: what a node reports wrongly (an unreadable port list) counts as absent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "proto/allocation.h"
#include "scheduler/devices/node_devices.h"
#include "scheduler/name_table.h"
#include "scheduler/node_use.h"
#include "scheduler/state_view.h"

namespace yurt::scheduler {

// Until when an allocation takes room on its node (semantics of Nomad's "fit").
enum class Counting : std::uint8_t {
  // Schedulers: room is not used again before the agent says that the old tasks are gone.
  until_client_terminal,
  // The plan applier: what servers have stopped counts no more.
  until_server_terminal,
};

using Slot = std::uint32_t;
inline constexpr Slot no_slot = UINT32_MAX;

// What is constant while a node does not change, beyond sums; shared by copies of the view.
struct NodeFacts {
  struct Address {
    std::string host_ip;
    std::string network;  // the host_network it belongs to: "default" or an alias
    PortSet reserved;     // ports that no allocation may have
  };
  std::vector<Address> addresses;
  std::vector<std::uint16_t> cores;  // what may be reserved, ascending
  std::uint16_t min_dynamic_port = 20000, max_dynamic_port = 32000;
  NodeDevices devices;
};

// One value a slot in every array. Free room = capacity − used; `used` may exceed `capacity` when a
// node shrinks.
struct NodeColumns {
  std::vector<std::int64_t> cpu_capacity, cpu_used;        // MHz; capacity without what is reserved
  std::vector<std::int64_t> memory_capacity, memory_used;  // MiB
  std::vector<std::int64_t> memory_max_used;               // Σ memory_max, or memory where unset
  std::vector<std::int64_t> disk_capacity, disk_used;      // MiB
  std::vector<std::int32_t> allocs_limit, allocs_used;     // limit: INT32_MAX when none
  std::vector<std::uint8_t> schedulable;                   // known, ready, eligible, not draining
  std::vector<std::uint8_t> ready;                         // known and ready
  std::vector<NameId> datacenter, pool, computed_class;
  std::vector<std::uint64_t> id_hash;  // of the node's ID: breaks ties the same way everywhere
};

class ClusterView {
 public:
  explicit ClusterView(Counting counting) : counting_(counting) {}

  // Adds the node, or replaces what is known of it; its allocations stay counted.
  void upsert_node(NodeRef node);
  // Forgets the node; its allocations are still counted in case it returns. Unknown: no effect.
  void remove_node(const NodeId& id);
  // `before` (null: new) becomes `after` (null: gone), both the same allocation, moved or not.
  // REQUIRES: `before` is exactly what was last passed for it
  void apply_change(const Allocation* before, const Allocation* after);
  // Forgets everything and starts again from these.
  void rebuild(std::span<const NodeRef> nodes, std::span<const AllocRef> allocs);
  // Compares the view with a recount: what differs first, in words; nullopt when nothing does.
  [[nodiscard]] std::optional<std::string> check(std::span<const NodeRef> nodes,
                                                 std::span<const AllocRef> allocs) const;

  [[nodiscard]] Counting counting() const { return counting_; }
  [[nodiscard]] bool counts(const Allocation& alloc) const {
    return counting_ == Counting::until_client_terminal ? !alloc.client_terminal()
                                                        : !alloc.terminal();
  }

  // Slots are below this; those that hold no known node have a null node().
  [[nodiscard]] std::size_t slot_bound() const { return nodes_.size(); }
  // no_slot when the node is unknown and holds no counted allocation.
  [[nodiscard]] Slot slot_of(const NodeId& id) const {
    auto at = slots_.find(id);
    return at == slots_.end() ? no_slot : at->second;
  }
  [[nodiscard]] const NodeId& node_id(Slot slot) const { return ids_[slot]; }
  [[nodiscard]] const NodeRef& node(Slot slot) const { return nodes_[slot]; }
  // REQUIRES: node(slot)
  [[nodiscard]] const NodeFacts& facts(Slot slot) const { return *facts_[slot]; }
  [[nodiscard]] const NodeUse& use(Slot slot) const { return uses_[slot]; }
  [[nodiscard]] const NodeColumns& columns() const { return columns_; }
  [[nodiscard]] const NameTable& datacenters() const { return datacenters_; }
  [[nodiscard]] const NameTable& pools() const { return pools_; }
  [[nodiscard]] const NameTable& classes() const { return classes_; }

  // Moves when a node is added, replaced or removed: what was derived from nodes is stale.
  [[nodiscard]] std::uint64_t nodes_epoch() const { return nodes_epoch_; }
  // Moves with every change of use.
  [[nodiscard]] std::uint64_t use_epoch() const { return use_epoch_; }

 private:
  Slot slot_for(const NodeId& id);
  void forget_node(Slot slot);
  void release_if_empty(Slot slot);
  void count(const Allocation& alloc);
  void uncount(const Allocation& alloc);

  Counting counting_;
  std::uint64_t nodes_epoch_ = 0, use_epoch_ = 0;
  std::unordered_map<NodeId, Slot> slots_;
  std::vector<Slot> free_slots_;
  std::vector<NodeId> ids_;
  std::vector<NodeRef> nodes_;
  std::vector<std::shared_ptr<const NodeFacts>> facts_;
  std::vector<NodeUse> uses_;
  NodeColumns columns_;
  NameTable datacenters_, pools_, classes_;
};

}  // namespace yurt::scheduler
