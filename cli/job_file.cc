#include "cli/job_file.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "base/file.h"
#include "jobspec/hcl/source.h"

extern char** environ;

namespace yurt::cli {
namespace {

Result<std::string> read_input(const std::string& path) {
  if (path != "-") return read_file(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

std::map<std::string, std::string> variables_of_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return out;
}

std::optional<JobFile> load_json(Session& session, const std::string& text) {
  auto job = jobspec::parse_json_job(text);
  if (!job.ok()) {
    fail(session, job.error());
    return std::nullopt;
  }
  JobFile out;
  out.job = std::move(*job);
  out.submission.set_source(text);
  out.submission.set_format("json");
  return out;
}

}  // namespace

bool is_api_json(const std::string& path, const std::string& text) {
  if (!path.ends_with(".json")) return false;
  const auto job = jobspec::parse_json_job(text);
  return job.ok() && job->has_id() && job->group_size() > 0;
}

void JobFileOptions::add_to(CLI::App& command) {
  command.add_option("file", path, "Job file in HCL or JSON; - reads standard input")->required();
  command.add_flag("--json", json, "The file is API JSON rather than HCL");
  command.add_option("--var", variables, "name=value of a variable; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--var-file", variable_files, "File of variable values; may be repeated")
      ->allow_extra_args(false);
  command.add_flag("--hcl2-strict,!--no-hcl2-strict", strict,
                   "Refuse values of variables that the file does not declare");
}

std::optional<JobFile> load_job_file(Session& session, const JobFileOptions& options) {
  auto text = read_input(options.path);
  if (!text.ok()) {
    fail(session, text.error());
    return std::nullopt;
  }
  if (options.json) return load_json(session, *text);
  jobspec::ParseOptions parse;
  parse.environment = variables_of_environment();
  parse.strict = options.strict;
  parse.random = &session.random;
  const std::filesystem::path path(options.path);
  parse.base_folder = options.path == "-" ? std::filesystem::current_path()
                                          : std::filesystem::absolute(path).parent_path();
  for (const std::string& file : options.variable_files) {
    auto content = read_file(file);
    if (!content.ok()) {
      fail(session, content.error());
      return std::nullopt;
    }
    parse.variable_files.push_back(std::make_shared<const hcl::Source>(file, std::move(*content)));
  }
  for (const std::string& assignment : options.variables) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      fail(session, {ErrorCode::invalid_argument, "-var " + assignment + ": expected name=value"});
      return std::nullopt;
    }
    parse.variables.emplace_back(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  const std::string name = options.path == "-" ? "<stdin>" : options.path;
  auto parsed = jobspec::parse(std::make_shared<const hcl::Source>(name, std::move(*text)), parse);
  const std::string problems = hcl::render(parsed.diagnostics, session.terminal.color());
  if (!problems.empty()) session.terminal.print_error(problems);
  if (!parsed.job) return std::nullopt;
  JobFile out;
  out.job = std::move(*parsed.job);
  out.submission = std::move(parsed.submission);
  out.places = std::move(parsed.places);
  out.from_hcl = true;
  return out;
}

}  // namespace yurt::cli
