#include "base/duration.h"
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {

bool is_system(const model::Job& job) { return job.type() == "system" || job.type() == "sysbatch"; }
bool is_batch_like(const model::Job& job) {
  return job.type() == "batch" || job.type() == "sysbatch";
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool check_choice(std::string_view what, const std::string& value,
                  std::initializer_list<std::string_view> allowed, const std::string& path,
                  Issues& issues) {
  std::string list;
  for (const std::string_view choice : allowed) {
    if (value == choice) return true;
    list += (list.empty() ? "" : ", ") + quoted(choice);
  }
  issues.error(path, std::string(what) + " must be one of " + list + ", not " + quoted(value));
  return false;
}

void check_not_negative(std::string_view what, std::int64_t nanoseconds, const std::string& path,
                        Issues& issues) {
  if (nanoseconds >= 0) return;
  issues.error(path,
               std::string(what) + " must not be negative, it is " + format_duration(nanoseconds));
}

// Folders never go up past where they started: "a/../b" stays, "a/../../b" does not.
bool stays_inside(std::string_view path) {
  int depth = 0;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (part == "..") {
      if (--depth < 0) return false;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return true;
}

}  // namespace yurt::jobspec
