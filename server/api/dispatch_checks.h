// What one dispatch may carry, as the parameterized job allows it.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "proto/batch.pb.h"
#include "proto/job.pb.h"

namespace yurt::server {

// Nomad's limit; a server's configuration may raise it to at most most_payload_bytes.
inline constexpr std::size_t default_payload_bytes = 16 << 10;
inline constexpr std::size_t most_payload_bytes = 1 << 20;

// The parameters that `sweep` gives to each trial count as given. The error is one sentence.
[[nodiscard]] Status check_dispatch(const model::Job& job, const model::DispatchSpec& spec,
                                    const model::Sweep* sweep, std::size_t payload_limit);

}  // namespace yurt::server
