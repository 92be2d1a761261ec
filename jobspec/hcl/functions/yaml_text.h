// YAML scalars and layout. Inside this folder only.
#pragma once

#include <cstdint>
#include <string>

#include "jobspec/hcl/value.h"

namespace yurt::hcl {

// An unquoted scalar by the YAML 1.2 core schema: null, bool, number or else string.
[[nodiscard]] Value plain_yaml_scalar(const std::string& text);

// Appends the value as a document: two spaces a level, every string and key in double quotes,
// strings of several lines as literal blocks. False when that would take more than `limit` bytes.
[[nodiscard]] bool write_yaml(const Value& value, std::uint64_t limit, std::string& out);

}  // namespace yurt::hcl
