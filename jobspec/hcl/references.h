// Which names an expression refers to, without evaluating it. Inside this folder only.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "jobspec/hcl/expression.h"

namespace yurt::hcl {

struct References {
  std::set<std::string> names;  // x of root.x
  bool whole = false;           // root itself, or root[computed]
};

// The attributes of the root name `root` that `expression` mentions anywhere.
[[nodiscard]] References references_to(std::string_view root, const Expression& expression);

}  // namespace yurt::hcl
