// Errors that native and JSON bodies report alike. Inside this folder only.
#pragma once

#include <string>

#include "jobspec/hcl/body.h"

namespace yurt::hcl {

[[nodiscard]] const AttributeSchema* find_attribute(const BodySchema& schema,
                                                    std::string_view name);
[[nodiscard]] const BlockSchema* find_block(const BodySchema& schema, std::string_view type);

// `name` is neither an attribute nor a block of the schema: hints at the closest that is.
void report_unknown_attribute(const BodySchema& schema, const std::string& name, const Range& where,
                              Diagnostics& diagnostics);
void report_unknown_block(const BodySchema& schema, const std::string& type, const Range& where,
                          Diagnostics& diagnostics);
// One error for each required attribute not in `content`.
void report_missing_attributes(const BodySchema& schema, const BodyContent& content,
                               const Range& where, Diagnostics& diagnostics);
// False, with an error, when the block does not have the labels its schema names.
[[nodiscard]] bool check_labels(const BlockSchema& schema, const Block& block,
                                Diagnostics& diagnostics);
// The schema of `dynamic` blocks.
[[nodiscard]] const BlockSchema& dynamic_schema();

}  // namespace yurt::hcl
