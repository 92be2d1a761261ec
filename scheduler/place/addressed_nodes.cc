#include "scheduler/place/addressed_nodes.h"

#include "proto/state.pb.h"

namespace yurt::scheduler {
namespace {

// Per number of a NameTable: not asked yet, no, yes.
enum class Answer : std::uint8_t { unknown, no, yes };

}  // namespace

AddressedNodes::AddressedNodes(const ClusterView& view, const model::Job& job,
                               const GroupFilter& filter) {
  const NodeColumns& columns = view.columns();
  std::vector<Answer> pools(view.pools().bound()), datacenters(view.datacenters().bound());
  std::vector<int> by_datacenter(view.datacenters().bound(), 0);
  constexpr std::size_t unasked = SIZE_MAX - 1;
  std::vector<std::size_t> failing_of_class(view.classes().bound(), unasked);

  feasible.reserve(view.slot_bound());
  for (Slot slot = 0; slot < view.slot_bound(); ++slot) {
    if (columns.schedulable[slot] == 0) continue;
    Answer& pool = pools[columns.pool[slot]];
    if (pool == Answer::unknown) {
      pool = addresses_pool(job, view.pools().name(columns.pool[slot])) ? Answer::yes : Answer::no;
    }
    if (pool == Answer::no) continue;
    ++in_pool;
    ++by_datacenter[columns.datacenter[slot]];
    Answer& datacenter = datacenters[columns.datacenter[slot]];
    if (datacenter == Answer::unknown) {
      const std::string& name = view.datacenters().name(columns.datacenter[slot]);
      datacenter = addresses_datacenter(job, name) ? Answer::yes : Answer::no;
    }
    if (datacenter == Answer::no) continue;
    ++evaluated;
    std::size_t& of_class = failing_of_class[columns.computed_class[slot]];
    if (of_class == unasked) of_class = filter.first_failing_of_class(*view.node(slot));
    std::size_t failing = of_class;
    if (filter.escapes_class()) failing = filter.first_failing(*view.node(slot), of_class);
    if (failing == GroupFilter::passes) {
      feasible.push_back(slot);
      continue;
    }
    const model::Node& node = *view.node(slot);
    ++constraint_filtered[filter.reason(failing, node)];
    if (!node.node_class().empty()) ++class_filtered[node.node_class()];
  }

  for (std::size_t id = 0; id < by_datacenter.size(); ++id) {
    if (by_datacenter[id] > 0) {
      available[view.datacenters().name(static_cast<NameId>(id))] = by_datacenter[id];
    }
  }
  for (std::size_t id = 0; id < failing_of_class.size(); ++id) {
    if (failing_of_class[id] == unasked) continue;
    class_eligibility[view.classes().name(static_cast<NameId>(id))] =
        failing_of_class[id] == GroupFilter::passes;
  }
}

}  // namespace yurt::scheduler
