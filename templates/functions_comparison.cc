#include "templates/functions.h"

namespace yurt::templates {
namespace {

// -1, 0 or 1; an error for values that have no order.
Result<int> order(const Value& a, const Value& b) {
  if ((a.is_number() && b.is_number()) || (a.is_string() && b.is_string())) {
    return a < b ? -1 : (b < a ? 1 : 0);
  }
  return Error{ErrorCode::invalid_argument,
               std::string("can't compare a ") + type_name(a) + " with a " + type_name(b)};
}

Result<bool> equal(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  const bool comparable = a.type() == b.type() || (a.is_number() && b.is_number());
  if (!comparable) {
    return Error{ErrorCode::invalid_argument,
                 std::string("can't compare a ") + type_name(a) + " with a " + type_name(b)};
  }
  return a == b;
}

Function ordering(const char* name, bool (*holds)(int)) {
  return {name, 2, 2, [holds](const Arguments& arguments, Provider&) -> Result<Value> {
            YURT_ASSIGN(const int relation, order(arguments[0], arguments[1]));
            return Value(holds(relation));
          }};
}

}  // namespace

std::vector<Function> comparison_functions() {
  return {
      // With more than two arguments: whether the first equals any of the others.
      {"eq", 2, unlimited,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         for (std::size_t i = 1; i < arguments.size(); ++i) {
           YURT_ASSIGN(const bool same, equal(arguments[0], arguments[i]));
           if (same) return Value(true);
         }
         return Value(false);
       }},
      {"ne", 2, 2,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         YURT_ASSIGN(const bool same, equal(arguments[0], arguments[1]));
         return Value(!same);
       }},
      ordering("lt", [](int relation) { return relation < 0; }),
      ordering("le", [](int relation) { return relation <= 0; }),
      ordering("gt", [](int relation) { return relation > 0; }),
      ordering("ge", [](int relation) { return relation >= 0; }),
      // The renderer returns early where it can; what is left is the last value that was looked at.
      {"and", 1, unlimited,
       [](const Arguments& arguments, Provider&) -> Result<Value> { return arguments.back(); }},
      {"or", 1, unlimited,
       [](const Arguments& arguments, Provider&) -> Result<Value> { return arguments.back(); }},
      {"not", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         return Value(!truth(arguments[0]));
       }},
  };
}

}  // namespace yurt::templates
