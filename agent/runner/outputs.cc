#include "agent/runner/outputs.h"

#include <filesystem>

#include "agent/artifact/download.h"

namespace yurt::agent {
namespace {

// ok: it exists; not_found: it does not; anything else: nobody knows.
Status look_for(const std::string& output) {
  if (output.starts_with("http://") || output.starts_with("https://")) return ask_for(output);
  constexpr std::string_view file_scheme = "file://";
  const std::filesystem::path path =
      output.starts_with(file_scheme) ? output.substr(file_scheme.size()) : output;
  if (!path.is_absolute()) {
    return Error{ErrorCode::invalid_argument,
                 "it is no absolute path, file:// URL or http(s):// URL"};
  }
  std::error_code failure;
  if (std::filesystem::exists(path, failure)) return {};
  if (failure) return Error{ErrorCode::io, failure.message()};
  return Error{ErrorCode::not_found, "it does not exist"};
}

}  // namespace

OutputsAnswer look_for_outputs(const std::vector<std::string>& outputs) {
  for (const std::string& output : outputs) {
    const Status found = look_for(output);
    if (found.ok()) continue;
    const bool known = found.error().code == ErrorCode::not_found;
    return {.missing = output, .problem = known ? "" : found.error().message};
  }
  return {.all_exist = true};
}

}  // namespace yurt::agent
