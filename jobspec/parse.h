// Job files into jobs: the way in for the command line and for /v1/jobs/parse.
//
// A file in HCL (native or JSON syntax) is evaluated with its variables and decoded; what comes out
// is what the file says, before defaults (jobspec/defaults) and validation (jobspec/validate).
// Pure but for the file functions; thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "jobspec/decode/source_map.h"
#include "jobspec/hcl/diagnostic.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::jobspec {

struct ParseOptions {
  // Values for the file's variables; later ones win, and each list wins over the one before it.
  std::map<std::string, std::string> environment;  // NOMAD_VAR_<name>, YURT_VAR_<name>
  std::vector<hcl::SourcePtr> variable_files;
  std::vector<std::pair<std::string, std::string>> variables;  // -var name=value
  // Assigning a variable the file does not declare is an error.
  bool strict = true;
  // Where file() and its like, and the file of a sweep, start from; without it they are refused, as
  // they must be in a server.
  std::optional<std::filesystem::path> base_folder;
  // For uuidv4() and bcrypt(). REQUIRES: not null
  Random* random = nullptr;
};

struct ParsedJob {
  // Set when there were no errors.
  std::optional<model::Job> job;
  // Warnings too.
  hcl::Diagnostics diagnostics;
  // Where in the file each field was written; see validate's to_diagnostics.
  SourceMap places;
  // The source and the variables, as they go with a registration.
  model::JobSubmission submission;
};

[[nodiscard]] ParsedJob parse(const hcl::SourcePtr& source, const ParseOptions& options);

// The API's JSON: {"Job": {…}} or the job object itself.
[[nodiscard]] Result<model::Job> parse_json_job(std::string_view text);

}  // namespace yurt::jobspec
