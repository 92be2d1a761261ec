// Defaults of constraints, affinities, spreads and ports, wherever they stand. Inside this folder
// only.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "proto/job.pb.h"

namespace yurt::jobspec {

template <typename Message>
using List = google::protobuf::RepeatedPtrField<Message>;

void apply_constraint_defaults(List<model::Constraint>& constraints);
void apply_affinity_defaults(List<model::Affinity>& affinities);
void apply_spread_defaults(List<model::Spread>& spreads);
void apply_network_defaults(List<model::NetworkResource>& networks);

}  // namespace yurt::jobspec
