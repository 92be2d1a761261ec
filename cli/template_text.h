// Templates of -t: Go's text/template, as far as it serves to print objects.
//
// {{.Field.Nested}}, {{range .List}} … {{else}} … {{end}} over lists and maps (also {{range $k, $v
// := .Map}}), {{if}} … {{else if}} … {{else}} … {{end}}, {{with}} … {{end}}, variables, pipelines,
// {{- and -}}, comments, strings, numbers, true, false, nil, and the functions and, or, not, len,
// index, eq, ne, lt, le, gt, ge, print, println, printf. Values are JSON. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace yurt::cli {

// `value` through the template. invalid_argument names what is wrong with the template, or which
// field is not there.
[[nodiscard]] Result<std::string> render_template(const std::string& text,
                                                  const nlohmann::json& value);

// A value as a template prints it.
[[nodiscard]] std::string printed(const nlohmann::json& value);

}  // namespace yurt::cli
