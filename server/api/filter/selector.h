// Selector: the way from a message to one of its values, checked against the message's type before
// any message is seen. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "jobspec/json/layout.h"
#include "server/api/filter/filter.h"

namespace yurt::server::filter {

enum class Shape { scalar, list, map, record, free };

// What is known of a value before it is seen.
struct Type {
  Shape shape = Shape::record;
  json::Kind kind = json::Kind::message;        // of a scalar
  const json::FieldLayout* field = nullptr;     // list, map: the field, which says the elements
  const json::MessageLayout* record = nullptr;  // record
};

// The type of a message; of a field; of one element of a list or map.
[[nodiscard]] Type type_of(const json::MessageLayout& layout);
[[nodiscard]] Type type_of(const json::FieldLayout& field);
[[nodiscard]] Type element_type(const Type& collection);

struct Value {
  enum class State { undefined, absent, present };
  State state = State::undefined;
  Shape shape = Shape::scalar;
  std::variant<bool, std::int64_t, std::uint64_t, double, std::string> scalar;
  const google::protobuf::Message* message = nullptr;  // record, free: itself; list, map: the owner
  const json::FieldLayout* field = nullptr;            // list, map
};

struct Step {
  const json::FieldLayout* field = nullptr;  // set: a member
  std::string key;                           // otherwise a map's key or a list's index
};

struct Selector {
  int variable = -1;  // position in the scope; -1: the subject itself
  std::vector<Step> steps;
  Type type;
  std::string text;  // as written
};

// Adds one step called `name` to `selector`. The error says what the value is and has.
[[nodiscard]] Status extend(Selector& selector, const std::string& name);

// The value that `steps` lead to from `from`.
[[nodiscard]] Value follow(const Subject& subject, Value from, const std::vector<Step>& steps);
[[nodiscard]] Value value_of(const google::protobuf::Message& message);
// The elements of a list, or keys and values of a map, in order.
[[nodiscard]] std::vector<std::pair<Value, Value>> elements(const Value& collection);
[[nodiscard]] std::size_t size_of(const Value& collection);

}  // namespace yurt::server::filter
