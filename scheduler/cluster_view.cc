#include "scheduler/cluster_view.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "proto/state.pb.h"
#include "scheduler/computed_class.h"
#include "scheduler/node_facts.h"

namespace yurt::scheduler {
namespace {

template <typename Act>
void for_each_column(NodeColumns& columns, Act act) {
  act(columns.cpu_capacity);
  act(columns.cpu_used);
  act(columns.memory_capacity);
  act(columns.memory_used);
  act(columns.memory_max_used);
  act(columns.disk_capacity);
  act(columns.disk_used);
  act(columns.allocs_limit);
  act(columns.allocs_used);
  act(columns.schedulable);
  act(columns.ready);
  act(columns.datacenter);
  act(columns.pool);
  act(columns.computed_class);
  act(columns.id_hash);
}

// The finalizer of splitmix64 over both halves: IDs that differ anywhere differ everywhere.
std::uint64_t hash_of(const NodeId& id) {
  std::uint64_t high, low;
  std::memcpy(&high, id.uuid.bytes.data(), sizeof high);
  std::memcpy(&low, id.uuid.bytes.data() + sizeof high, sizeof low);
  std::uint64_t hash = high * 0x9e3779b97f4a7c15 + low;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

}  // namespace

Slot ClusterView::slot_for(const NodeId& id) {
  auto [at, is_new] = slots_.try_emplace(id, no_slot);
  if (!is_new) return at->second;
  if (!free_slots_.empty()) {
    at->second = free_slots_.back();
    free_slots_.pop_back();
  } else {
    at->second = static_cast<Slot>(nodes_.size());
    const std::size_t size = nodes_.size() + 1;
    ids_.resize(size);
    nodes_.resize(size);
    facts_.resize(size);
    uses_.resize(size);
    for_each_column(columns_, [size](auto& column) { column.resize(size); });
  }
  const Slot slot = at->second;
  ids_[slot] = id;
  columns_.id_hash[slot] = hash_of(id);
  return slot;
}

void ClusterView::release_if_empty(Slot slot) {
  if (nodes_[slot] || columns_.allocs_used[slot] > 0) return;
  slots_.erase(ids_[slot]);
  ids_[slot] = NodeId{};
  uses_[slot] = NodeUse{};
  for_each_column(columns_, [slot](auto& column) { column[slot] = {}; });
  free_slots_.push_back(slot);
}

void ClusterView::upsert_node(NodeRef node) {
  const auto id = NodeId::parse_or_nil(node->id());
  YURT_ASSERT(!id.is_nil());
  ++nodes_epoch_;
  const Slot slot = slot_for(id);
  forget_node(slot);

  const model::NodeResources& all = node->node_resources();
  const model::NodeReservedResources& reserved = node->reserved_resources();
  columns_.cpu_capacity[slot] = all.cpu().cpu_shares() - reserved.cpu().cpu_shares();
  columns_.memory_capacity[slot] = all.memory().memory_mb() - reserved.memory().memory_mb();
  columns_.disk_capacity[slot] = all.disk().disk_mb() - reserved.disk().disk_mb();
  columns_.allocs_limit[slot] = node->max_allocs() > 0 ? node->max_allocs() : INT32_MAX;
  columns_.ready[slot] = node->status() == "ready";
  columns_.schedulable[slot] = columns_.ready[slot] != 0 &&
                               node->scheduling_eligibility() != "ineligible" &&
                               !node->has_drain_strategy();
  columns_.datacenter[slot] = datacenters_.acquire(node->datacenter());
  columns_.pool[slot] = pools_.acquire(node->node_pool());
  columns_.computed_class[slot] = classes_.acquire(
      node->computed_class().empty() ? computed_class(*node) : node->computed_class());
  facts_[slot] = std::make_shared<const NodeFacts>(node_facts(*node));
  nodes_[slot] = std::move(node);
}

void ClusterView::forget_node(Slot slot) {
  if (!nodes_[slot]) return;
  nodes_[slot] = nullptr;
  facts_[slot] = nullptr;
  columns_.cpu_capacity[slot] = 0;
  columns_.memory_capacity[slot] = 0;
  columns_.disk_capacity[slot] = 0;
  columns_.allocs_limit[slot] = 0;
  columns_.ready[slot] = 0;
  columns_.schedulable[slot] = 0;
  datacenters_.release(columns_.datacenter[slot]);
  pools_.release(columns_.pool[slot]);
  classes_.release(columns_.computed_class[slot]);
}

void ClusterView::remove_node(const NodeId& id) {
  const Slot slot = slot_of(id);
  if (slot == no_slot) return;
  ++nodes_epoch_;
  forget_node(slot);
  release_if_empty(slot);
}

void ClusterView::count(const Allocation& alloc) {
  const Slot slot = slot_for(alloc.node);
  if (alloc.resources) {
    const ResourceTotals& totals = alloc.resources->totals;
    columns_.cpu_used[slot] += totals.cpu_mhz;
    columns_.memory_used[slot] += totals.memory_mb;
    columns_.memory_max_used[slot] += totals.memory_max_mb;
    columns_.disk_used[slot] += totals.disk_mb;
  }
  ++columns_.allocs_used[slot];
  uses_[slot].add(alloc);
}

void ClusterView::uncount(const Allocation& alloc) {
  const Slot slot = slot_of(alloc.node);
  YURT_ASSERT(slot != no_slot && columns_.allocs_used[slot] > 0);
  if (alloc.resources) {
    const ResourceTotals& totals = alloc.resources->totals;
    columns_.cpu_used[slot] -= totals.cpu_mhz;
    columns_.memory_used[slot] -= totals.memory_mb;
    columns_.memory_max_used[slot] -= totals.memory_max_mb;
    columns_.disk_used[slot] -= totals.disk_mb;
  }
  --columns_.allocs_used[slot];
  uses_[slot].remove(alloc);
  release_if_empty(slot);
}

void ClusterView::apply_change(const Allocation* before, const Allocation* after) {
  const bool counted = before != nullptr && counts(*before);
  const bool counting = after != nullptr && counts(*after);
  // Most changes are a client's report that moves neither status nor room.
  if (counted && counting && before->node == after->node && before->resources == after->resources &&
      before->ports.empty() && after->ports.empty()) {
    return;
  }
  if (!counted && !counting) return;
  ++use_epoch_;
  if (counted) uncount(*before);
  if (counting) count(*after);
}

void ClusterView::rebuild(std::span<const NodeRef> nodes, std::span<const AllocRef> allocs) {
  const std::uint64_t nodes_epoch = nodes_epoch_, use_epoch = use_epoch_;
  *this = ClusterView(counting_);
  for (const NodeRef& node : nodes) upsert_node(node);
  for (const AllocRef& alloc : allocs) apply_change(nullptr, alloc.get());
  // Whoever remembers an epoch from before must see that things moved.
  nodes_epoch_ += nodes_epoch + 1;
  use_epoch_ += use_epoch + 1;
}

std::optional<std::string> ClusterView::check(std::span<const NodeRef> nodes,
                                              std::span<const AllocRef> allocs) const {
  ClusterView fresh(counting_);
  fresh.rebuild(nodes, allocs);
  if (fresh.slots_.size() != slots_.size()) {
    return "the view holds " + std::to_string(slots_.size()) + " nodes, a recount gives " +
           std::to_string(fresh.slots_.size());
  }
  for (const auto& [id, slot] : slots_) {
    const Slot other = fresh.slot_of(id);
    if (other == no_slot) return "node " + id.to_string() + " should not be in the view";
    const auto differs = [&, slot = slot](const auto& column, const auto& expected,
                                          const char* name) -> std::optional<std::string> {
      if (column[slot] == expected[other]) return std::nullopt;
      return "node " + id.to_string() + ": " + name + " is " + std::to_string(column[slot]) +
             ", a recount gives " + std::to_string(expected[other]);
    };
    const NodeColumns &own = columns_, &right = fresh.columns_;
#define YURT_CHECK_COLUMN(name) \
  if (auto difference = differs(own.name, right.name, #name)) return difference
    YURT_CHECK_COLUMN(cpu_capacity);
    YURT_CHECK_COLUMN(cpu_used);
    YURT_CHECK_COLUMN(memory_capacity);
    YURT_CHECK_COLUMN(memory_used);
    YURT_CHECK_COLUMN(memory_max_used);
    YURT_CHECK_COLUMN(disk_capacity);
    YURT_CHECK_COLUMN(disk_used);
    YURT_CHECK_COLUMN(allocs_limit);
    YURT_CHECK_COLUMN(allocs_used);
    YURT_CHECK_COLUMN(schedulable);
    YURT_CHECK_COLUMN(ready);
    YURT_CHECK_COLUMN(id_hash);
#undef YURT_CHECK_COLUMN
    if (!(uses_[slot] == fresh.uses_[other])) {
      return "node " + id.to_string() +
             ": the cores, ports or devices in use differ from a recount";
    }
    if ((nodes_[slot] == nullptr) != (fresh.nodes_[other] == nullptr)) {
      return "node " + id.to_string() + " is known to one of view and recount only";
    }
    if (!nodes_[slot]) continue;
    const bool same_names =
        datacenters_.name(own.datacenter[slot]) ==
            fresh.datacenters_.name(right.datacenter[other]) &&
        pools_.name(own.pool[slot]) == fresh.pools_.name(right.pool[other]) &&
        classes_.name(own.computed_class[slot]) == fresh.classes_.name(right.computed_class[other]);
    if (!same_names) return "node " + id.to_string() + ": datacenter, pool or class differ";
  }
  return std::nullopt;
}

}  // namespace yurt::scheduler
