#include "cli/job_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/file.h"
#include "jobspec/hcl/parse.h"

namespace yurt::cli {
namespace {

namespace fs = std::filesystem;

bool is_job_file(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".hcl" || extension == ".nomad" || extension == ".json";
}

std::string name_of(const std::string& assignment) {
  return assignment.substr(0, assignment.find('='));
}

// The variables that a job file declares. What is wrong with the file is told when it is loaded.
std::set<std::string> declared_variables(const hcl::SourcePtr& source) {
  hcl::Diagnostics ignored;
  std::set<std::string> names;
  const hcl::BodyPtr body = hcl::parse_body(source, ignored);
  if (!body) return names;
  for (const hcl::Block& block : body->all(ignored).blocks) {
    if (block.type == "variable" && !block.labels.empty()) names.insert(block.labels[0].text);
    if (block.type != "variables") continue;
    for (const auto& attribute : block.body->all(ignored).attributes) names.insert(attribute.name);
  }
  return names;
}

std::optional<std::vector<std::string>> job_files(Session& session, const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    if (entry.is_regular_file(failure) && is_job_file(entry.path())) paths.push_back(entry.path());
  }
  if (failure) {
    fail(session, {ErrorCode::io, folder + ": " + failure.message()});
    return std::nullopt;
  }
  if (paths.empty()) {
    fail(session, {ErrorCode::not_found,
                   folder + " holds no job file: none of its names ends in .hcl, .nomad or .json"});
    return std::nullopt;
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

bool is_folder(const std::string& path) {
  std::error_code failure;
  return fs::is_directory(path, failure);
}

std::optional<std::vector<FolderFile>> load_job_folder(Session& session,
                                                       const JobFileOptions& options) {
  const auto paths = job_files(session, options.path);
  if (!paths) return std::nullopt;
  std::vector<FolderFile> files;
  std::set<std::string> declared_somewhere;
  bool failed = false;
  for (const std::string& path : *paths) {
    JobFileOptions one = options;
    one.path = path;
    // A file of variables may serve several job files, each of which declares some.
    one.strict = false;
    const auto text = read_file(path);
    if (!text.ok()) {
      fail(session, text.error());
      return std::nullopt;
    }
    one.json = options.json || is_api_json(path, *text);
    if (!one.json) {
      const auto declared = declared_variables(std::make_shared<const hcl::Source>(path, *text));
      declared_somewhere.insert(declared.begin(), declared.end());
      std::erase_if(one.variables, [&](const std::string& assignment) {
        return !declared.contains(name_of(assignment));
      });
    }
    auto file = load_job_file(session, one);
    if (!file) {
      failed = true;
      continue;
    }
    files.push_back({path, std::move(*file)});
  }
  for (const std::string& assignment : options.variables) {
    if (!options.strict || declared_somewhere.contains(name_of(assignment))) continue;
    fail(session,
         {ErrorCode::invalid_argument, "-var " + assignment + ": no job file in " + options.path +
                                           " declares a variable \"" + name_of(assignment) + "\""});
    failed = true;
  }
  if (failed) return std::nullopt;
  return files;
}

}  // namespace yurt::cli
