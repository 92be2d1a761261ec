#include "jobspec/validate/issues.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace yurt::jobspec {
namespace {

// The number in "group[12]…" when `path` starts with `field` and a number in brackets, which are
// cut off, with the dot after them.
std::optional<int> take_index(std::string_view& path, std::string_view field) {
  if (!path.starts_with(field) || path.size() <= field.size() || path[field.size()] != '[') {
    return std::nullopt;
  }
  int index = 0;
  const char* end = path.data() + path.size();
  const auto parsed = std::from_chars(path.data() + field.size() + 1, end, index);
  if (parsed.ec != std::errc()) return std::nullopt;
  path.remove_prefix(static_cast<std::size_t>(parsed.ptr - path.data()) + 1);
  if (path.starts_with(".")) path.remove_prefix(1);
  return index;
}

std::string place_of(std::string_view path, const model::Job& job) {
  const auto group_index = take_index(path, "group");
  if (!group_index || *group_index >= job.group_size()) return "";
  const model::TaskGroup& group = job.group(*group_index);
  std::string place = "group \"" + group.name() + "\"";
  const auto task_index = take_index(path, "task");
  if (task_index && *task_index < group.task_size()) {
    place += ", task \"" + group.task(*task_index).name() + "\"";
  }
  return place + ": ";
}

std::vector<std::string> messages(const Issues& issues, const model::Job& job, bool errors) {
  std::vector<std::string> result;
  for (const Issue& issue : issues.list()) {
    if (issue.is_error == errors) result.push_back(place_of(issue.path, job) + issue.message);
  }
  return result;
}

// "memory" for "group[0].task[1].resources.memory", "the job" for "".
std::string subject_of(std::string_view path) {
  if (const std::size_t dot = path.find_last_of('.'); dot != std::string_view::npos) {
    path.remove_prefix(dot + 1);
  }
  path = path.substr(0, path.find('['));
  // Under the names they have in job files.
  if (path == "reserved_ports" || path == "dynamic_ports") return "port";
  if (path == "default_identity") return "identity";
  return path.empty() ? "job" : std::string(path);
}

}  // namespace

void Issues::error(std::string path, std::string message) {
  ++error_count_;
  list_.push_back({true, std::move(path), std::move(message)});
}

void Issues::warning(std::string path, std::string message) {
  list_.push_back({false, std::move(path), std::move(message)});
}

std::vector<std::string> error_messages(const Issues& issues, const model::Job& job) {
  return messages(issues, job, true);
}

std::vector<std::string> warning_messages(const Issues& issues, const model::Job& job) {
  return messages(issues, job, false);
}

std::string errors_text(const Issues& issues, const model::Job& job) {
  const auto all = error_messages(issues, job);
  if (all.empty()) return "";
  std::string text =
      std::to_string(all.size()) + (all.size() == 1 ? " error occurred:" : " errors occurred:");
  for (const std::string& message : all) text += "\n\t* " + message;
  return text + "\n\n";
}

std::string warnings_text(const Issues& issues, const model::Job& job) {
  const auto all = warning_messages(issues, job);
  if (all.empty()) return "";
  std::string text =
      std::to_string(all.size()) + (all.size() == 1 ? " warning:\n" : " warnings:\n");
  for (const std::string& message : all) text += "\n* " + message;
  return text;
}

hcl::Diagnostics to_diagnostics(const Issues& issues, const model::Job& job,
                                const SourceMap& places) {
  hcl::Diagnostics diagnostics;
  for (const Issue& issue : issues.list()) {
    std::string detail = place_of(issue.path, job) + issue.message + ".";
    const std::string summary = (issue.is_error ? "Invalid " : "About ") + subject_of(issue.path);
    diagnostics.add({issue.is_error ? hcl::Severity::error : hcl::Severity::warning, summary,
                     std::move(detail), places.find(issue.path)});
  }
  return diagnostics;
}

}  // namespace yurt::jobspec
