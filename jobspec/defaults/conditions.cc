#include "jobspec/defaults/conditions.h"

namespace yurt::jobspec {

void apply_constraint_defaults(List<model::Constraint>& constraints) {
  for (model::Constraint& constraint : constraints) {
    if (constraint.operator_().empty()) constraint.set_operator_("=");
  }
}

void apply_affinity_defaults(List<model::Affinity>& affinities) {
  for (model::Affinity& affinity : affinities) {
    if (affinity.operator_().empty()) affinity.set_operator_("=");
    if (!affinity.has_weight()) affinity.set_weight(50);
  }
}

void apply_spread_defaults(List<model::Spread>& spreads) {
  for (model::Spread& spread : spreads) {
    if (!spread.has_weight()) spread.set_weight(50);
  }
}

void apply_network_defaults(List<model::NetworkResource>& networks) {
  for (model::NetworkResource& network : networks) {
    for (auto* ports : {network.mutable_reserved_ports(), network.mutable_dynamic_ports()}) {
      for (model::Port& port : *ports) {
        if (port.host_network().empty()) port.set_host_network("default");
      }
    }
  }
}

}  // namespace yurt::jobspec
