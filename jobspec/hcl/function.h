// Functions callable from expressions: how one is described, and the table of them.
//
// A function declares its parameters' types; the evaluator converts the arguments and refuses nulls
// before the body sees them, as go-cty does. Bodies are pure but for the Random and the base folder
// they were made with.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "jobspec/hcl/type.h"
#include "jobspec/hcl/value.h"

namespace yurt::hcl {

// Why a call failed: a phrase without capital and full stop; `argument` is the argument's index
// when one of them is to blame.
struct CallError {
  std::string message;
  std::optional<std::size_t> argument;
};
using CallResult = std::variant<Value, CallError>;

struct Parameter {
  std::string name;
  Type type;
  bool allow_null = false;
};

struct Function {
  std::vector<Parameter> parameters;
  std::optional<Parameter> variadic;  // any number of further arguments
  // The arguments are converted already. Second: the most bytes the result may take.
  std::function<CallResult(std::span<const Value>, std::uint64_t)> body;
  // Work a call takes beside reading its arguments and making its result (see EvalLimits).
  std::uint64_t extra_work = 0;
};

using FunctionTable = std::map<std::string, Function, std::less<>>;

}  // namespace yurt::hcl
