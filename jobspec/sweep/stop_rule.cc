#include "jobspec/sweep/stop_rule.h"

#include <charconv>

namespace yurt::jobspec {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool StopRule::met_by(double value) const {
  switch (op) {
    case Op::at_least: return value >= bound;
    case Op::greater: return value > bound;
    case Op::at_most: return value <= bound;
    case Op::less: return value < bound;
  }
  return false;
}

Result<StopRule> parse_stop_rule(std::string_view text) {
  const Error expected{ErrorCode::invalid_argument,
                       "stop_when is \"" + std::string(text) +
                           "\"; expected a metric, one of >= > <= <, and a number, such as "
                           "\"accuracy >= 0.97\""};
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos) return expected;
  const bool or_equal = text.substr(at + 1).starts_with('=');
  StopRule rule;
  rule.metric = trimmed(text.substr(0, at));
  rule.op = text[at] == '>' ? (or_equal ? StopRule::Op::at_least : StopRule::Op::greater)
                            : (or_equal ? StopRule::Op::at_most : StopRule::Op::less);
  const std::string_view number = trimmed(text.substr(at + (or_equal ? 2 : 1)));
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), rule.bound);
  if (rule.metric.empty() || error != std::errc() || end != number.data() + number.size()) {
    return expected;
  }
  return rule;
}

}  // namespace yurt::jobspec
