// Type: a type constraint as written in `type = list(string)`, and conversion of values to it.
//
// Immutable and cheap to copy (shared), safe to share between threads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "jobspec/hcl/value.h"

namespace yurt::hcl {

class Type {
 public:
  enum class Kind { any, boolean, number, string, list, set, map, tuple, object };
  struct ObjectMember;
  using ObjectMembers = std::map<std::string, ObjectMember, std::less<>>;

  Type() = default;  // any
  [[nodiscard]] static Type any() { return {}; }
  [[nodiscard]] static Type boolean();
  [[nodiscard]] static Type number();
  [[nodiscard]] static Type string();
  [[nodiscard]] static Type list(Type element);
  [[nodiscard]] static Type set(Type element);
  [[nodiscard]] static Type map(Type element);
  [[nodiscard]] static Type tuple(std::vector<Type> elements);
  [[nodiscard]] static Type object(ObjectMembers members);
  // The type of a value; a null's is any. A collection's element type is its elements' common type.
  [[nodiscard]] static Type of(const Value& value);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_primitive() const;
  // REQUIRES: list, set or map
  [[nodiscard]] const Type& element() const;
  // REQUIRES: tuple
  [[nodiscard]] const std::vector<Type>& tuple_elements() const;
  // REQUIRES: object
  [[nodiscard]] const ObjectMembers& object_members() const;
  // As a sentence names it: "string", "list of number", "object".
  [[nodiscard]] std::string friendly_name() const;
  // As it is written: "list(number)", "object({a=string})".
  [[nodiscard]] std::string to_string() const;

  bool operator==(const Type& other) const;

 private:
  struct Node;
  static Type make(Kind kind, std::vector<Type> parts, ObjectMembers members);

  Kind kind_ = Kind::any;
  std::shared_ptr<const Node> node_;
};

struct Type::ObjectMember {
  Type type;
  bool optional = false;
  Value fallback;  // used when an optional member is missing; null when none was given
};

// One step into a value: a member's name or an element's index.
using PathStep = std::variant<std::string, std::size_t>;
using Path = std::vector<PathStep>;
// ".name", "[3]", concatenated.
[[nodiscard]] std::string to_string(const Path& path);

struct ConversionError {
  Path path;             // where in the value
  std::string expected;  // "string required", "attribute \"a\" is required"
  // The two as one phrase: ".ports[1]: number required".
  [[nodiscard]] std::string message() const;
};

// `value` converted to `type`: primitives convert to and from strings, sequences and mappings among
// each other, optional object members get their defaults. Null converts to any type.
[[nodiscard]] std::variant<Value, ConversionError> convert(const Value& value, const Type& type);

// The type that all of `values` convert to (as for the elements of a list), or any when there is
// none.
[[nodiscard]] Type common_type(const std::vector<Value>& values);

}  // namespace yurt::hcl
