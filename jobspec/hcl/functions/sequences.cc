// chunklist coalesce coalescelist compact concat contains distinct element flatten index length
// range slice sort
#include <algorithm>
#include <set>

#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

constexpr std::size_t longest_range = 1024;

std::string kind_of(const Value& value) { return value.kind_name(); }

CallError not_a_list(const Value& found, std::size_t argument) {
  return call_error("a list, set or tuple is required, not " + kind_of(found), argument);
}

CallResult chunk_list(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_sequence()) return not_a_list(arguments[0], 0);
  const auto size = whole(arguments[1]);
  if (!size || *size < 0) return call_error("the size argument must be positive", 1);
  const Value::Elements& all = arguments[0].elements();
  const std::size_t step = *size == 0 ? all.size() : static_cast<std::size_t>(*size);
  Value::Elements chunks;
  for (std::size_t i = 0; i < all.size(); i += step) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i);
    const auto count = static_cast<std::ptrdiff_t>(std::min(step, all.size() - i));
    chunks.push_back(Value::list({begin, begin + count}));
  }
  return Value::list(std::move(chunks));
}

CallResult coalesce(Arguments arguments, std::uint64_t) {
  const Type common = common_type({arguments.begin(), arguments.end()});
  for (const Value& argument : arguments) {
    if (argument.is_null()) continue;
    auto converted = convert(argument, common);
    return std::holds_alternative<Value>(converted) ? std::get<Value>(converted) : argument;
  }
  return call_error("no non-null arguments");
}

CallResult coalesce_list(Arguments arguments, std::uint64_t) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_null() && !arguments[i].is_sequence()) return not_a_list(arguments[i], i);
    if (arguments[i].size() > 0) return arguments[i];
  }
  return call_error("no non-null, non-empty arguments");
}

CallResult compact(Arguments arguments, std::uint64_t) {
  Value::Elements kept;
  for (const Value& element : arguments[0].elements()) {
    if (!element.is_null() && !element.as_string().empty()) kept.push_back(element);
  }
  return Value::list(std::move(kept));
}

CallResult concat(Arguments arguments, std::uint64_t) {
  if (arguments.empty()) return call_error("at least one argument is required");
  Value::Elements all;
  bool lists = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_sequence()) return not_a_list(arguments[i], i);
    lists = lists && arguments[i].kind() == Value::Kind::list;
    all.insert(all.end(), arguments[i].elements().begin(), arguments[i].elements().end());
  }
  if (!lists) return Value::tuple(std::move(all));
  Value list = Value::list(std::move(all));
  auto converted = convert(list, Type::list(Type::any()));
  return std::holds_alternative<Value>(converted) ? std::get<Value>(converted)
                                                  : Value::tuple(list.elements());
}

CallResult contains(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_sequence()) return not_a_list(arguments[0], 0);
  const auto& all = arguments[0].elements();
  return Value::boolean(std::find(all.begin(), all.end(), arguments[1]) != all.end());
}

CallResult distinct(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_sequence()) return not_a_list(arguments[0], 0);
  const auto less = [](const Value& a, const Value& b) { return Value::compare(a, b) < 0; };
  std::set<Value, decltype(less)> seen(less);
  Value::Elements kept;
  for (const Value& element : arguments[0].elements()) {
    if (seen.insert(element).second) kept.push_back(element);
  }
  return Value::list(std::move(kept));
}

CallResult element(Arguments arguments, std::uint64_t) {
  if (arguments[0].kind() == Value::Kind::set || !arguments[0].is_sequence()) {
    return call_error("cannot read elements from a " + kind_of(arguments[0]), 0);
  }
  const auto position = whole(arguments[1]);
  if (!position) return call_error("index must be a whole number", 1);
  if (*position < 0) return call_error("cannot use element function with a negative index", 1);
  const Value::Elements& all = arguments[0].elements();
  if (all.empty()) return call_error("cannot use element function with an empty list", 0);
  return all[static_cast<std::size_t>(*position) % all.size()];
}

bool flatten_into(const Value& value, Value::Elements& out, std::uint64_t limit) {
  for (const Value& part : value.elements()) {
    if (part.is_sequence()) {
      if (!flatten_into(part, out, limit)) return false;
    } else {
      out.push_back(part);
    }
    if (out.size() * sizeof(Value) > limit) return false;
  }
  return true;
}

CallResult flatten(Arguments arguments, std::uint64_t limit) {
  if (!arguments[0].is_sequence()) {
    return call_error("can only flatten lists, sets and tuples", 0);
  }
  Value::Elements flat;
  if (!flatten_into(arguments[0], flat, limit)) return too_large();
  return Value::tuple(std::move(flat));
}

// The element at a position or key; for a sequence and what is no position, where that stands.
CallResult index(Arguments arguments, std::uint64_t) {
  const Value &collection = arguments[0], &key = arguments[1];
  if (collection.is_mapping()) {
    auto name = convert(key, Type::string());
    if (!std::holds_alternative<Value>(name)) return call_error("key for map must be a string", 1);
    const Value* member = collection.find(std::get<Value>(name).as_string());
    return member != nullptr ? CallResult(*member) : call_error("invalid index", 1);
  }
  if (collection.kind() != Value::Kind::list && collection.kind() != Value::Kind::tuple) {
    return call_error("collection must be a list, a map or a tuple, not " + kind_of(collection), 0);
  }
  const Value::Elements& all = collection.elements();
  auto converted = convert(key, Type::number());
  if (const auto* number = std::get_if<Value>(&converted)) {
    const auto position = whole(*number);
    if (!position || *position < 0 || static_cast<std::uint64_t>(*position) >= all.size()) {
      return call_error("invalid index", 1);
    }
    return all[static_cast<std::size_t>(*position)];
  }
  const auto found = std::find(all.begin(), all.end(), key);
  if (found == all.end()) return call_error("item not found", 1);
  return Value::number(static_cast<std::int64_t>(found - all.begin()));
}

CallResult length(Arguments arguments, std::uint64_t) {
  if (!arguments[0].is_sequence() && !arguments[0].is_mapping()) {
    return call_error("a collection is required, not " + kind_of(arguments[0]) +
                          (arguments[0].is_string() ? "; for a string's length use strlen" : ""),
                      0);
  }
  return Value::number(static_cast<std::int64_t>(arguments[0].size()));
}

// range(limit), range(start, limit), range(start, limit, step)
CallResult range(Arguments arguments, std::uint64_t) {
  if (arguments.empty() || arguments.size() > 3) {
    return call_error("must have one, two, or three arguments");
  }
  const Number start = arguments.size() > 1 ? arguments[0].as_number() : Number(0);
  const Number limit = arguments[arguments.size() > 1 ? 1 : 0].as_number();
  const bool down = limit < start;
  const Number step = arguments.size() > 2 ? arguments[2].as_number() : Number(down ? -1 : 1);
  if (step.is_zero()) return call_error("step must not be zero", 2);
  if (down != (step.sign() < 0) && !(start == limit)) {
    return call_error(down ? "step must be less than zero when start is greater than limit"
                           : "step must be greater than zero when start is less than limit",
                      2);
  }
  Value::Elements values;
  for (Number at = start; down ? limit < at : at < limit;) {
    if (values.size() >= longest_range) {
      return call_error("more than " + std::to_string(longest_range) +
                        " values were generated; either decrease the difference between start and "
                        "end or use a smaller step");
    }
    values.push_back(Value::number(at));
    const auto next = at.plus(step);
    if (!next) break;
    at = *next;
  }
  return Value::list(std::move(values));
}

CallResult slice(Arguments arguments, std::uint64_t) {
  if (arguments[0].kind() == Value::Kind::set || !arguments[0].is_sequence()) {
    return call_error("cannot slice a " + kind_of(arguments[0]), 0);
  }
  const auto begin = whole(arguments[1]), end = whole(arguments[2]);
  if (!begin) return call_error("start index must be a whole number", 1);
  if (!end) return call_error("end index must be a whole number", 2);
  const auto size = static_cast<std::int64_t>(arguments[0].size());
  if (*begin < 0) return call_error("start index must not be less than zero", 1);
  if (*begin > size) {
    return call_error("start index must not be greater than the length of the list", 1);
  }
  if (*end < *begin) return call_error("end index must not be less than start index", 2);
  if (*end > size) {
    return call_error("end index must not be greater than the length of the list", 2);
  }
  const auto first = arguments[0].elements().begin();
  return sequence_like(arguments[0], {first + *begin, first + *end});
}

CallResult sort(Arguments arguments, std::uint64_t) {
  Value::Elements elements = arguments[0].elements();
  for (const Value& element : elements) {
    if (element.is_null()) return call_error("cannot sort null values", 0);
  }
  std::stable_sort(elements.begin(), elements.end(),
                   [](const Value& a, const Value& b) { return a.as_string() < b.as_string(); });
  return Value::list(std::move(elements));
}

}  // namespace

void add_sequence_functions(FunctionTable& table) {
  table["chunklist"] = {{any_parameter("list"), number_parameter("size")}, {}, chunk_list};
  table["coalesce"] = {{}, nullable_parameter("vals"), coalesce};
  table["coalescelist"] = {{}, nullable_parameter("vals"), coalesce_list};
  table["compact"] = {{list_parameter("list", Type::string())}, {}, compact};
  table["concat"] = {{}, any_parameter("seqs"), concat};
  table["contains"] = {{any_parameter("list"), nullable_parameter("value")}, {}, contains};
  table["distinct"] = {{any_parameter("list")}, {}, distinct};
  table["element"] = {{any_parameter("list"), number_parameter("index")}, {}, element};
  table["flatten"] = {{any_parameter("list")}, {}, flatten};
  table["index"] = {{any_parameter("collection"), any_parameter("key")}, {}, index};
  table["length"] = {{any_parameter("collection")}, {}, length};
  table["range"] = {{}, number_parameter("params"), range};
  table["slice"] = {
      {any_parameter("list"), number_parameter("start_index"), number_parameter("end_index")},
      {},
      slice};
  table["sort"] = {{list_parameter("list", Type::string())}, {}, sort};
}

}  // namespace yurt::hcl
