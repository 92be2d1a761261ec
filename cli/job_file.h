// Job files as the command line takes them: HCL or JSON, from a path or standard input, with
// variables.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "jobspec/parse.h"

namespace yurt::cli {

struct JobFileOptions {
  std::string path;  // "-": standard input
  bool json = false;
  bool strict = true;
  std::vector<std::string> variables;  // name=value
  std::vector<std::string> variable_files;

  // Adds the file and its flags to `command`.
  void add_to(CLI::App& command);
};

struct JobFile {
  model::Job job;
  model::JobSubmission submission;
  jobspec::SourceMap places;  // empty for JSON
  bool from_hcl = false;
};

// Whether a file named *.json holds the API's JSON rather than a job file in JSON syntax.
[[nodiscard]] bool is_api_json(const std::string& path, const std::string& text);

// Reads and decodes. Prints what is wrong, with the place in the file, and returns nullopt.
[[nodiscard]] std::optional<JobFile> load_job_file(Session& session, const JobFileOptions& options);

}  // namespace yurt::cli
