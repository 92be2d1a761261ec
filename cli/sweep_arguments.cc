#include "cli/sweep_arguments.h"

#include <charconv>

namespace yurt::cli {
namespace {

Error bad_parameter(const std::string& text) {
  return {ErrorCode::invalid_argument,
          "-sweep takes NAME=VALUE,VALUE,... or NAME=FROM..TO or NAME=FROM..TO/STEP, not \"" +
              text + "\""};
}

bool read_number(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<model::SweepParameter> parse_sweep_parameter(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return bad_parameter(text);
  model::SweepParameter parameter;
  parameter.set_name(text.substr(0, equals));
  std::string_view values = std::string_view(text).substr(equals + 1);
  if (const std::size_t dots = values.find(".."); dots != std::string_view::npos) {
    std::string_view to = values.substr(dots + 2);
    const std::size_t slash = to.find('/');
    double number = 0;
    if (slash != std::string_view::npos) {
      if (!read_number(to.substr(slash + 1), number)) return bad_parameter(text);
      parameter.set_step(number);
      to = to.substr(0, slash);
    }
    if (!read_number(values.substr(0, dots), number)) return bad_parameter(text);
    parameter.set_from(number);
    if (!read_number(to, number)) return bad_parameter(text);
    parameter.set_to(number);
    return parameter;
  }
  while (true) {
    const std::size_t comma = values.find(',');
    if (values.substr(0, comma).empty()) return bad_parameter(text);
    parameter.add_values(std::string(values.substr(0, comma)));
    if (comma == std::string_view::npos) return parameter;
    values.remove_prefix(comma + 1);
  }
}

}  // namespace yurt::cli
