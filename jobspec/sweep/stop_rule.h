// StopRule: the condition on a reported metric that ends a sweep early, e.g. "accuracy >= 0.97".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::jobspec {

struct StopRule {
  enum class Op { at_least, greater, at_most, less };

  std::string metric;
  Op op = Op::at_least;
  double bound = 0;

  [[nodiscard]] bool met_by(double value) const;
};

// "<metric> <op> <number>", op one of >= > <= <. The error says what is expected.
[[nodiscard]] Result<StopRule> parse_stop_rule(std::string_view text);

}  // namespace yurt::jobspec
