// Locals: evaluated in order of dependence, whatever order they are written in. Inside this folder
// only.
#pragma once

#include <vector>

#include "jobspec/hcl/body.h"

namespace yurt::hcl {

// The object of all locals. `context` knows everything they may use but themselves. A cycle is an
// error naming its members; a local in error is left out and
// marked unresolved in the context.
[[nodiscard]] Value evaluate_locals(const std::vector<Attribute>& locals, const ContextPtr& context,
                                    Diagnostics& diagnostics);

}  // namespace yurt::hcl
