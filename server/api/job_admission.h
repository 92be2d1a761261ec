// Admission: what happens to a job between being handed in and being proposed: it gets its
// namespace, region and defaults, and everything that is wrong with it is found, by itself and in
// this cluster.
#pragma once

#include <string>

#include "server/api/operation.h"

namespace yurt::server {

// Longer job sources are not kept with a registration.
inline constexpr std::size_t max_source_bytes = 1'000'000;

// Where a request wants its job: what its options say wins over its body, and that over the job.
struct JobPlacement {
  std::string region, ns;
};
template <typename Request>
[[nodiscard]] JobPlacement placement_of(const Request& request) {
  const auto& write = request.write();
  return {request.region().empty() ? write.region() : request.region(),
          write.namespace_().empty() ? request.namespace_() : write.namespace_()};
}

// Gives `job` its namespace and region and its defaults; drops what only servers may set.
void prepare_job(const Serving& serving, const JobPlacement& asked, model::Job& job);

struct Verdict {
  std::vector<std::string> errors;
  std::string errors_text;  // all errors as one text; empty when there are none
  std::string warnings;
};
// REQUIRES: prepare_job(job)
[[nodiscard]] Verdict judge_job(const Serving& serving, const Snapshot& snapshot,
                                const model::Job& job);

// Keeps the live job's counts, or its tasks' resources, for groups and tasks that exist in both.
void preserve(const model::Job& live, bool counts, bool resources, model::Job& job);

}  // namespace yurt::server
