// abspath basename dirname file filebase64 fileexists fileset pathexpand
#include <cstdlib>
#include <filesystem>

#include "base/base64.h"
#include "base/file.h"
#include "jobspec/hcl/functions/path_pattern.h"
#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file_bytes = 64U << 20;
constexpr std::size_t most_files = 100'000;

// "~" and "~/x" from the home folder; nullopt for "~somebody" and where there is no home.
std::optional<std::string> expand_home(const std::string& path) {
  if (!path.starts_with('~')) return path;
  if (path.size() > 1 && path[1] != '/') return std::nullopt;
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return std::nullopt;
  return home + path.substr(1);
}

CallError no_home(const std::string& path) {
  return call_error("cannot expand \"" + path +
                        "\": only ~ and ~/... are supported, and HOME must "
                        "be set",
                    0);
}

// Without trailing slashes; what is between is left as it is.
std::string_view without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

std::string base_name(std::string_view path) {
  if (path.empty()) return ".";
  path = without_trailing_slashes(path);
  if (path == "/") return "/";
  return std::string(path.substr(path.rfind('/') + 1));
}

std::string directory_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  std::string folder = fs::path(path.substr(0, slash + 1)).lexically_normal().string();
  folder = without_trailing_slashes(folder);
  return folder.empty() ? "." : folder;
}

class Files {
 public:
  explicit Files(fs::path base) : base_(std::move(base)) {}

  CallResult read(const std::string& path, std::uint64_t limit, std::string& content) const {
    const auto expanded = expand_home(path);
    if (!expanded) return no_home(path);
    const fs::path full = base_ / *expanded;
    std::error_code error;
    const fs::file_status status = fs::status(full, error);
    if (!fs::exists(status)) {
      return call_error("no file exists at \"" + path + "\" (" + full.string() + ")", 0);
    }
    if (!fs::is_regular_file(status)) {
      return call_error("\"" + path + "\" is not a regular file, so it cannot be read", 0);
    }
    const std::uintmax_t size = fs::file_size(full, error);
    if (error || size > largest_file_bytes || size > limit) {
      return call_error("\"" + path + "\" is too large to be read here", 0);
    }
    auto text = read_file(full);
    if (!text.ok()) return call_error(text.error().message, 0);
    content = std::move(*text);
    return Value();
  }

  CallResult text(const std::string& path, std::uint64_t limit) const {
    std::string content;
    auto outcome = read(path, limit, content);
    if (std::holds_alternative<CallError>(outcome)) return outcome;
    if (!is_valid_utf8(content)) {
      return call_error(
          "contents of \"" + path + "\" are not valid UTF-8; use filebase64 to read binary files",
          0);
    }
    return Value::string(std::move(content));
  }

  CallResult base64(const std::string& path, std::uint64_t limit) const {
    std::string content;
    auto outcome = read(path, limit, content);
    if (std::holds_alternative<CallError>(outcome)) return outcome;
    return Value::string(base64_encode(content));
  }

  CallResult exists(const std::string& path) const {
    const auto expanded = expand_home(path);
    if (!expanded) return no_home(path);
    std::error_code error;
    const fs::file_status status = fs::status(base_ / *expanded, error);
    if (!fs::exists(status)) return Value::boolean(false);
    if (fs::is_regular_file(status)) return Value::boolean(true);
    return call_error("\"" + path + "\" is not a regular file, but " +
                          (fs::is_directory(status) ? "a folder" : "a special file"),
                      0);
  }

  CallResult set(const std::string& folder, const std::string& pattern_text) const {
    const auto expanded = expand_home(folder);
    if (!expanded) return no_home(folder);
    auto pattern = PathPattern::parse(pattern_text);
    if (!pattern.ok()) {
      return call_error(
          "failed to glob pattern \"" + pattern_text + "\": " + pattern.error().message, 1);
    }
    const fs::path root = base_ / *expanded;
    Value::Elements found;
    std::error_code error;
    std::size_t visited = 0;
    auto entry = fs::recursive_directory_iterator(
        root, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (++visited > most_files) {
        return call_error("the folder \"" + folder + "\" holds too many files", 0);
      }
      std::error_code ignored;
      if (!entry->is_regular_file(ignored)) continue;
      const std::string path = entry->path().lexically_relative(root).generic_string();
      if (is_valid_utf8(path) && pattern->matches(path)) found.push_back(Value::string(path));
    }
    return Value::set(std::move(found));
  }

 private:
  fs::path base_;
};

using Body = std::function<CallResult(Arguments, std::uint64_t)>;

// Without file access every one of these is there, to say so.
Function file_function(std::vector<Parameter> parameters, bool allowed, Body body) {
  if (!allowed) {
    body = [](Arguments, std::uint64_t) -> CallResult {
      return call_error(
          "file functions read the machine the job file is on, so they work only in the command "
          "line (yurt job run, plan and validate), not on the server");
    };
  }
  return {std::move(parameters), {}, std::move(body)};
}

CallResult absolute_path(const std::string& path) {
  const auto expanded = expand_home(path);
  if (!expanded) return no_home(path);
  std::error_code error;
  const fs::path full = fs::absolute(*expanded, error);
  if (error) return call_error("cannot find the current folder: " + error.message());
  return Value::string(std::string(without_trailing_slashes(full.lexically_normal().string())));
}

}  // namespace

void add_file_functions(FunctionTable& table, const std::optional<fs::path>& base_folder) {
  const bool allowed = base_folder.has_value();
  const Files files(base_folder.value_or(fs::path()));
  const auto add = [&](const char* name, Body body) {
    table[name] = file_function({string_parameter("path")}, allowed, std::move(body));
  };
  add("file", [files](Arguments arguments, std::uint64_t limit) {
    return files.text(arguments[0].as_string(), limit);
  });
  add("filebase64", [files](Arguments arguments, std::uint64_t limit) {
    return files.base64(arguments[0].as_string(), limit);
  });
  add("fileexists", [files](Arguments arguments, std::uint64_t) {
    return files.exists(arguments[0].as_string());
  });
  add("abspath",
      [](Arguments arguments, std::uint64_t) { return absolute_path(arguments[0].as_string()); });
  add("basename", [](Arguments arguments, std::uint64_t) {
    return CallResult(Value::string(base_name(arguments[0].as_string())));
  });
  add("dirname", [](Arguments arguments, std::uint64_t) {
    return CallResult(Value::string(directory_name(arguments[0].as_string())));
  });
  add("pathexpand", [](Arguments arguments, std::uint64_t) -> CallResult {
    auto expanded = expand_home(arguments[0].as_string());
    if (!expanded) return no_home(arguments[0].as_string());
    return Value::string(std::move(*expanded));
  });
  table["fileset"] =
      file_function({string_parameter("path"), string_parameter("pattern")}, allowed,
                    [files](Arguments arguments, std::uint64_t) {
                      return files.set(arguments[0].as_string(), arguments[1].as_string());
                    });
}

}  // namespace yurt::hcl
