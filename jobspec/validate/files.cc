// Artifacts and templates: files that are put into a task's folder.
#include <algorithm>
#include <array>
#include <set>

#include "base/duration.h"
#include "jobspec/validate/checks.h"
#include "templates/template.h"

namespace yurt::jobspec {
namespace {

void check_checksum(const std::string& checksum, const std::string& path, Issues& issues) {
  if (checksum.find("${") != std::string::npos) return;
  struct Kind {
    std::string_view name;
    std::size_t digits;
  };
  constexpr std::array<Kind, 4> kinds{{{"md5", 32}, {"sha1", 40}, {"sha256", 64}, {"sha512", 128}}};
  const std::size_t colon = checksum.find(':');
  const std::string_view digits =
      colon == std::string::npos ? "" : std::string_view(checksum).substr(colon + 1);
  for (const Kind& kind : kinds) {
    if (checksum.substr(0, colon) == kind.name && digits.size() == kind.digits &&
        digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos) {
      return;
    }
  }
  issues.error(path, quoted(checksum) +
                         " is no checksum; expected md5, sha1, sha256 or sha512, a colon and "
                         "hexadecimal digits");
}

void check_change(const model::Template& file, const std::string& path, Issues& issues) {
  if (!check_choice("change_mode", file.change_mode(), {"restart", "noop", "signal", "script"},
                    path_of(path, "change_mode"), issues)) {
    return;
  }
  if (file.change_mode() == "signal" && file.change_signal().empty()) {
    issues.error(path_of(path, "change_mode"), "change_mode \"signal\" needs a change_signal");
  }
  if (file.change_mode() != "signal" && !file.change_signal().empty()) {
    issues.error(path_of(path, "change_signal"), "change_signal needs change_mode = \"signal\"");
  }
  if (file.change_mode() == "script" && !file.has_change_script()) {
    issues.error(path_of(path, "change_mode"), "change_mode \"script\" needs a change_script");
  }
  if (file.change_mode() != "script" && file.has_change_script()) {
    issues.error(path_of(path, "change_script"), "change_script needs change_mode = \"script\"");
  }
  check_not_negative("timeout", file.change_script().timeout(),
                     path_of(path, "change_script.timeout"), issues);
}

void check_permissions(const model::Template& file, const std::string& path, Issues& issues) {
  const std::string& perms = file.perms();
  const bool octal = !perms.empty() && perms.size() <= 5 &&
                     perms.find_first_not_of("01234567") == std::string::npos;
  if (!octal) {
    issues.error(path_of(path, "perms"),
                 "perms must be octal digits such as \"0644\", not " + quoted(perms));
  }
}

// What the text asks of the template language; "2:5: the function …" is a place in the text.
void check_language(const model::Template& file, const std::string& path, Issues& issues) {
  if (file.data().empty()) return;
  templates::Delimiters delimiters;
  if (!file.left_delimiter().empty()) delimiters.left = file.left_delimiter();
  if (!file.right_delimiter().empty()) delimiters.right = file.right_delimiter();
  const auto parsed = templates::Template::parse("line", file.data(), delimiters);
  if (!parsed.ok()) issues.error(path_of(path, "data"), parsed.error().message);
}

void check_rolling(const model::Job& job, const model::Template& file, const std::string& path,
                   Issues& issues) {
  if (!file.rolling()) return;
  const std::string own_path = path_of(path, "rolling");
  if (file.change_mode() != "restart") {
    issues.error(own_path, "rolling is for change_mode \"restart\": \"" + file.change_mode() +
                               "\" restarts nothing");
  }
  if (job.type() != "service") {
    issues.error(own_path, "rolling is for service jobs: a " + job.type() +
                               " job's instances do not stand in for each other");
  }
}

void check_template(const model::Template& file, const std::string& path, Issues& issues) {
  if (file.source().empty() && file.data().empty()) {
    issues.error(path, "a template needs source or data");
  }
  if (!file.source().empty() && !file.data().empty()) {
    issues.error(path_of(path, "source"), "source and data exclude each other");
  }
  if (!stays_inside(file.destination())) {
    issues.error(path_of(path, "destination"),
                 "destination " + quoted(file.destination()) + " leaves the allocation's folder");
  }
  check_not_negative("splay", file.splay(), path_of(path, "splay"), issues);
  if (file.has_wait()) {
    const std::string own_path = path_of(path, "wait");
    check_not_negative("min", file.wait().min(), path_of(own_path, "min"), issues);
    if (file.wait().has_max() && file.wait().max() < file.wait().min()) {
      issues.error(path_of(own_path, "max"), "max is " + format_duration(file.wait().max()) +
                                                 ", below min, which is " +
                                                 format_duration(file.wait().min()));
    }
  }
  check_language(file, path, issues);
  check_change(file, path, issues);
  check_permissions(file, path, issues);
}

}  // namespace

void check_artifacts(const model::Task& task, const std::string& path, Issues& issues) {
  for (int i = 0; i < task.artifact_size(); ++i) {
    const model::Artifact& artifact = task.artifact(i);
    const std::string own_path = path_of(path, "artifact", i);
    check_choice("mode", artifact.mode(), {"any", "file", "dir"}, path_of(own_path, "mode"),
                 issues);
    if (!stays_inside(artifact.destination())) {
      issues.error(
          path_of(own_path, "destination"),
          "destination " + quoted(artifact.destination()) + " leaves the allocation's folder");
    }
    if (const auto checksum = artifact.options().find("checksum");
        checksum != artifact.options().end()) {
      check_checksum(checksum->second, path_of(own_path, "options.checksum"), issues);
    }
  }
}

void check_templates(const model::Job& job, const model::Task& task, const std::string& path,
                     Issues& issues) {
  std::set<std::string> destinations;
  for (int i = 0; i < task.template__size(); ++i) {
    const model::Template& file = task.template_(i);
    const std::string own_path = path_of(path, "template", i);
    if (!file.destination().empty() && !destinations.insert(file.destination()).second) {
      issues.error(path_of(own_path, "destination"),
                   "another template of the task writes to " + quoted(file.destination()) + " too");
    }
    check_template(file, own_path, issues);
    check_rolling(job, file, own_path, issues);
  }
}

}  // namespace yurt::jobspec
