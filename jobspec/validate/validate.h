// Validation: everything that is wrong with a job, at once.
//
// Expects a job with its defaults applied (jobspec/defaults). What is wrong by itself is found
// here; what depends on the cluster's state (a namespace that does not exist, an immutable type)
// is the server's business. Pure; thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobspec/validate/issues.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {

// What a driver has against a task's config: a path below `config` ("args[0]", or "" for the whole)
// and a sentence.
struct ConfigIssue {
  std::string path;
  std::string message;
};
using ConfigCheck = std::function<std::vector<ConfigIssue>(const std::string& driver,
                                                           const google::protobuf::Struct& config)>;

struct ValidateOptions {
  std::int32_t max_priority = 100;
  // The sum of all groups' counts.
  std::int64_t max_count = 50'000;
  // Unix nanoseconds; 0 leaves out whether a schedule has any launch to come.
  std::int64_t now_ns = 0;
  // Without one, drivers' configs are not looked into.
  ConfigCheck check_config;
};

// The drivers a task may name. Which of them a cluster can run is up to its nodes.
[[nodiscard]] const std::vector<std::string>& known_drivers();

[[nodiscard]] Issues validate(const model::Job& job, const ValidateOptions& options = {});

// Device blocks by themselves, for what a dispatch asks for beyond its job: the first error.
[[nodiscard]] Status check_devices(
    const google::protobuf::RepeatedPtrField<model::RequestedDevice>& devices);

}  // namespace yurt::jobspec
