// Specifications of variables: HCL or JSON in, HCL or JSON out.
//
//   namespace = "default"
//   path      = "models/churn"
//   items { path = "/models/7" }
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "proto/release.pb.h"

namespace yurt::cli {

// `name` stands in messages. `format`: "hcl", "json", or "" for JSON where the text begins with a
// brace. invalid_argument with the place.
[[nodiscard]] Result<model::Variable> parse_variable(const std::string& name, std::string text,
                                                     const std::string& format, Random& random);

// Puts "key=value" arguments into the items. A value "@file" is that file's content, "-" standard
// input's; "\@" and "\-" begin a value with that character.
[[nodiscard]] Status add_items(const std::vector<std::string>& arguments,
                               model::Variable& variable);

// The whole of standard input.
[[nodiscard]] std::string read_standard_input();

[[nodiscard]] std::string variable_as_hcl(const model::Variable& variable);

// What `var init` writes.
[[nodiscard]] std::string variable_template(bool json);

}  // namespace yurt::cli
