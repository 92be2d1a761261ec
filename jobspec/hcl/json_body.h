// Bodies and expressions in HCL's JSON syntax (HCL JSON Syntax Specification). Inside this folder
// only.
//
// Strings are templates; a block is an object, or an array of objects when it is repeated; each
// label is one more level of object; the property "//" is a comment.
#pragma once

#include <memory>

#include "jobspec/hcl/body.h"
#include "jobspec/hcl/json_syntax.h"

namespace yurt::hcl {

// Never null; empty after an error.
[[nodiscard]] BodyPtr parse_json_body(const SourcePtr& source, Diagnostics& diagnostics);

// Native-syntax nodes that evaluate as the JSON value does.
[[nodiscard]] NodePtr json_expression(const JsonNode& node, Diagnostics& diagnostics);

}  // namespace yurt::hcl
