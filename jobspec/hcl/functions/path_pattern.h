// PathPattern: fileset()'s patterns. Within a name `*` is any run of characters, `?` any one,
// `[a-z]` or `[!a-z]` one of a set, `{a,b}` either; a whole name `**` is any number of folders.
// Inside this folder only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yurt::hcl {

class PathPattern {
 public:
  // invalid_argument for an unclosed [ or {, or one that stands for too many patterns.
  [[nodiscard]] static Result<PathPattern> parse(std::string_view pattern);
  // `path` relative to the pattern's folder, names separated by '/'.
  [[nodiscard]] bool matches(std::string_view path) const;

 private:
  // One for each combination of {a,b} alternatives, split into names.
  std::vector<std::vector<std::string>> alternatives_;
};

}  // namespace yurt::hcl
