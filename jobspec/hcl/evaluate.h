// Evaluation of expressions.
//
// A reference whose root name is unknown is left for the runtime: the traversal's source text
// becomes the string "${…}" (see UnknownRoots). Errors go to the diagnostics and give nullopt.
#pragma once

#include <optional>

#include "jobspec/hcl/context.h"
#include "jobspec/hcl/diagnostic.h"
#include "jobspec/hcl/expression.h"
#include "jobspec/hcl/type.h"
#include "jobspec/hcl/value.h"

namespace yurt::hcl {

[[nodiscard]] std::optional<Value> evaluate(const Expression& expression,
                                            const EvalContext& context, Diagnostics& diagnostics);

// Evaluates and converts to `type`; a failed conversion is a diagnostic that points at the wrong
// element and says what was expected. `what` names the value in it ("argument \"count\"").
[[nodiscard]] std::optional<Value> evaluate_as(const Expression& expression, const Type& type,
                                               const std::string& what, const EvalContext& context,
                                               Diagnostics& diagnostics);

}  // namespace yurt::hcl
