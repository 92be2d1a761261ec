// One verb of a format string: %[flags][width][.precision][[argument]]verb. Inside this folder
// only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "jobspec/hcl/value.h"

namespace yurt::hcl {

struct FormatVerb {
  char verb = 'v';
  bool plus = false, minus = false, space = false, zero = false, sharp = false;
  std::optional<std::size_t> width, precision;
  std::size_t argument = 0;  // index
  std::string text;          // as written
  std::size_t offset = 0;    // in the format string
};

// Text to copy, or a verb.
using FormatPart = std::variant<std::string, FormatVerb>;

// The parts of `format`; false with a message when it is malformed.
[[nodiscard]] bool parse_format(std::string_view format, std::vector<FormatPart>& parts,
                                std::string& problem);

// `value` as the verb shows it; false with a message when the value is unsuitable.
[[nodiscard]] bool format_value(const FormatVerb& verb, const Value& value, std::string& out,
                                std::string& problem);

}  // namespace yurt::hcl
