// Printing: a job as a job file in HCL, for `job inspect -hcl`, and as the API's JSON, for
// `job run -output`.
//
// In HCL what is set is written, defaults included when they were applied; what only the server
// sets is left out. Parsing the text gives the same job, but for objects in a driver's config,
// which come back as lists of one object (as every parser of job files makes them), and members of
// a config whose names HCL cannot write, which become comments. Pure; thread-safe.
#pragma once

#include <string>

#include "proto/job.pb.h"

namespace yurt::jobspec {

[[nodiscard]] std::string print_job(const model::Job& job);

// {"Job": {…}}, indented: what registration takes.
[[nodiscard]] std::string api_json(const model::Job& job);

}  // namespace yurt::jobspec
