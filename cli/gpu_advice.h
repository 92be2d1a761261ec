// What a job's tasks could ask of GPUs, from the memory their workers were seen to use. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "proto/api.pb.h"

namespace yurt::cli {

// A table, or "" when no worker's GPU memory was measured: nothing is guessed. A tenth above the
// largest peak is left for what was not seen. `nodes`: those of the allocations, by ID; allocations
// on others, and GPUs whose memory is not known, are left out.
[[nodiscard]] std::string gpu_advice(
    const Terminal& terminal,
    const google::protobuf::RepeatedPtrField<model::AllocationStub>& allocs,
    const std::map<std::string, model::Node>& nodes);

}  // namespace yurt::cli
