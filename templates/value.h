// The values a template works on: JSON-like, so that objects range in the order of their keys, as
// Go's templates do.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace yurt::templates {

using Value = nlohmann::json;

// As Go's fmt prints it with %v: <no value> for null in output, map[a:1 b:2], [1 2].
[[nodiscard]] std::string print(const Value& value);
// Go's truth: false, 0, "", null, empty lists and maps are false.
[[nodiscard]] bool truth(const Value& value);
// For messages: "string", "int", "list" and so on.
[[nodiscard]] const char* type_name(const Value& value);

}  // namespace yurt::templates
