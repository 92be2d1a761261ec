// setintersection setproduct setunion
#include <algorithm>

#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

constexpr auto less = [](const Value& a, const Value& b) { return Value::compare(a, b) < 0; };

// All arguments as sets of one element type.
std::variant<std::vector<Value>, CallError> as_sets(Arguments arguments) {
  if (arguments.empty()) return call_error("at least one set is required");
  Value::Elements all;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_sequence()) {
      return call_error("a set is required, not " + std::string(arguments[i].kind_name()), i);
    }
    all.insert(all.end(), arguments[i].elements().begin(), arguments[i].elements().end());
  }
  const Type element = common_type(all);
  std::vector<Value> sets;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto set = convert(arguments[i], Type::set(element));
    if (const auto* error = std::get_if<ConversionError>(&set)) {
      return call_error(error->message(), i);
    }
    sets.push_back(std::get<Value>(std::move(set)));
  }
  return sets;
}

CallResult set_union(Arguments arguments, std::uint64_t) {
  auto sets = as_sets(arguments);
  if (auto* error = std::get_if<CallError>(&sets)) return *error;
  Value::Elements all;
  for (const Value& set : std::get<std::vector<Value>>(sets)) {
    all.insert(all.end(), set.elements().begin(), set.elements().end());
  }
  return Value::set(std::move(all));
}

CallResult set_intersection(Arguments arguments, std::uint64_t) {
  auto sets = as_sets(arguments);
  if (auto* error = std::get_if<CallError>(&sets)) return *error;
  const auto& all = std::get<std::vector<Value>>(sets);
  Value::Elements shared = all[0].elements();
  for (const Value& set : all) {
    Value::Elements kept;
    std::set_intersection(shared.begin(), shared.end(), set.elements().begin(),
                          set.elements().end(), std::back_inserter(kept), less);
    shared = std::move(kept);
  }
  return Value::set(std::move(shared));
}

// Every combination of one element of each argument, the last varying fastest.
CallResult set_product(Arguments arguments, std::uint64_t limit) {
  if (arguments.size() < 2) return call_error("at least two arguments are required");
  std::uint64_t count = 1;
  bool sets = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_sequence()) {
      return call_error("a set or a list is required, not " + std::string(arguments[i].kind_name()),
                        i);
    }
    sets = sets && arguments[i].kind() == Value::Kind::set;
    count *= arguments[i].size();
    if (count * arguments.size() * 64 > limit) return too_large();
  }
  Value::Elements combinations;
  std::vector<std::size_t> at(arguments.size(), 0);
  for (std::uint64_t n = 0; n < count; ++n) {
    Value::Elements combination;
    for (std::size_t i = 0; i < at.size(); ++i) {
      combination.push_back(arguments[i].elements()[at[i]]);
    }
    combinations.push_back(Value::tuple(std::move(combination)));
    for (std::size_t i = at.size(); i-- > 0;) {
      if (++at[i] < arguments[i].size()) break;
      at[i] = 0;
    }
  }
  return sets ? Value::set(std::move(combinations)) : Value::list(std::move(combinations));
}

}  // namespace

void add_set_functions(FunctionTable& table) {
  table["setunion"] = {{}, any_parameter("sets"), set_union};
  table["setintersection"] = {{}, any_parameter("sets"), set_intersection};
  table["setproduct"] = {{}, any_parameter("sets"), set_product};
}

}  // namespace yurt::hcl
