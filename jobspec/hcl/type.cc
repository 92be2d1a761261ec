#include "jobspec/hcl/type.h"

#include "base/assert.h"

namespace yurt::hcl {

struct Type::Node {
  std::vector<Type> parts;  // the one element type, or a tuple's
  ObjectMembers members;
};

namespace {

// The type both convert to, or nullopt.
std::optional<Type> unify(const Type& a, const Type& b);

std::optional<Type> unify_all(const std::vector<Type>& types) {
  Type result;
  for (const Type& type : types) {
    auto both = unify(result, type);
    if (!both) return std::nullopt;
    result = *both;
  }
  return result;
}

std::vector<Type> part_types(const Type& type) {
  switch (type.kind()) {
    case Type::Kind::tuple: return type.tuple_elements();
    case Type::Kind::list:
    case Type::Kind::set:
    case Type::Kind::map: return {type.element()};
    case Type::Kind::object: {
      std::vector<Type> types;
      for (const auto& [name, member] : type.object_members()) types.push_back(member.type);
      return types;
    }
    default: return {};
  }
}

std::optional<Type> unify_parts(const Type& a, const Type& b) {
  std::vector<Type> types = part_types(a);
  for (Type& type : part_types(b)) types.push_back(std::move(type));
  return unify_all(types);
}

bool is_sequence(const Type& type) {
  return type.kind() == Type::Kind::list || type.kind() == Type::Kind::set ||
         type.kind() == Type::Kind::tuple;
}

std::optional<Type> unify_sequences(const Type& a, const Type& b) {
  if (a.kind() == Type::Kind::tuple && b.kind() == Type::Kind::tuple &&
      a.tuple_elements().size() == b.tuple_elements().size()) {
    std::vector<Type> parts;
    for (std::size_t i = 0; i < a.tuple_elements().size(); ++i) {
      auto part = unify(a.tuple_elements()[i], b.tuple_elements()[i]);
      if (!part) return std::nullopt;
      parts.push_back(*part);
    }
    return Type::tuple(std::move(parts));
  }
  auto element = unify_parts(a, b);
  if (!element) return std::nullopt;
  const bool sets = a.kind() == Type::Kind::set && b.kind() == Type::Kind::set;
  return sets ? Type::set(*element) : Type::list(*element);
}

std::optional<Type> unify_mappings(const Type& a, const Type& b) {
  if (a.kind() == Type::Kind::object && b.kind() == Type::Kind::object &&
      a.object_members().size() == b.object_members().size()) {
    Type::ObjectMembers members;
    for (const auto& [name, member] : a.object_members()) {
      const auto other = b.object_members().find(name);
      if (other == b.object_members().end()) break;
      auto type = unify(member.type, other->second.type);
      if (!type) return std::nullopt;
      members[name] = {*type, false, {}};
    }
    if (members.size() == a.object_members().size()) return Type::object(std::move(members));
  }
  auto element = unify_parts(a, b);
  return element ? std::optional<Type>(Type::map(*element)) : std::nullopt;
}

std::optional<Type> unify(const Type& a, const Type& b) {
  if (a.kind() == Type::Kind::any || a == b) return b;
  if (b.kind() == Type::Kind::any) return a;
  if (a.is_primitive() && b.is_primitive()) {
    const bool text = a.kind() == Type::Kind::string || b.kind() == Type::Kind::string;
    return text ? std::optional<Type>(Type::string()) : std::nullopt;
  }
  if (is_sequence(a) && is_sequence(b)) return unify_sequences(a, b);
  if (a.is_primitive() || b.is_primitive() || is_sequence(a) || is_sequence(b)) {
    return std::nullopt;
  }
  return unify_mappings(a, b);
}

}  // namespace

#define YURT_PRIMITIVE_TYPE(name) \
  Type Type::name() {             \
    Type result;                  \
    result.kind_ = Kind::name;    \
    return result;                \
  }
YURT_PRIMITIVE_TYPE(boolean)
YURT_PRIMITIVE_TYPE(number)
YURT_PRIMITIVE_TYPE(string)
#undef YURT_PRIMITIVE_TYPE

Type Type::make(Kind kind, std::vector<Type> parts, ObjectMembers members) {
  Type result;
  result.kind_ = kind;
  result.node_ = std::make_shared<const Node>(Node{std::move(parts), std::move(members)});
  return result;
}

Type Type::list(Type element) { return make(Kind::list, {std::move(element)}, {}); }
Type Type::set(Type element) { return make(Kind::set, {std::move(element)}, {}); }
Type Type::map(Type element) { return make(Kind::map, {std::move(element)}, {}); }
Type Type::tuple(std::vector<Type> elements) { return make(Kind::tuple, std::move(elements), {}); }
Type Type::object(ObjectMembers members) { return make(Kind::object, {}, std::move(members)); }

Type Type::of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null: return any();
    case Value::Kind::boolean: return boolean();
    case Value::Kind::number: return number();
    case Value::Kind::string: return string();
    case Value::Kind::list: return list(common_type(value.elements()));
    case Value::Kind::set: return set(common_type(value.elements()));
    case Value::Kind::tuple: {
      std::vector<Type> parts;
      for (const Value& element : value.elements()) parts.push_back(of(element));
      return tuple(std::move(parts));
    }
    case Value::Kind::map: {
      std::vector<Value> values;
      for (const auto& [key, member] : value.members()) values.push_back(member);
      return map(common_type(values));
    }
    case Value::Kind::object: {
      ObjectMembers members;
      for (const auto& [key, member] : value.members()) members[key] = {of(member), false, {}};
      return object(std::move(members));
    }
  }
  return any();
}

bool Type::is_primitive() const {
  return kind_ == Kind::boolean || kind_ == Kind::number || kind_ == Kind::string;
}
const Type& Type::element() const {
  YURT_ASSERT(kind_ == Kind::list || kind_ == Kind::set || kind_ == Kind::map);
  return node_->parts.front();
}
const std::vector<Type>& Type::tuple_elements() const {
  YURT_ASSERT(kind_ == Kind::tuple);
  return node_->parts;
}
const Type::ObjectMembers& Type::object_members() const {
  YURT_ASSERT(kind_ == Kind::object);
  return node_->members;
}

std::string Type::friendly_name() const {
  switch (kind_) {
    case Kind::any: return "any type";
    case Kind::boolean: return "bool";
    case Kind::number: return "number";
    case Kind::string: return "string";
    case Kind::list: return "list of " + element().friendly_name();
    case Kind::set: return "set of " + element().friendly_name();
    case Kind::map: return "map of " + element().friendly_name();
    case Kind::tuple: return "tuple";
    case Kind::object: return "object";
  }
  return "";
}

std::string Type::to_string() const {
  switch (kind_) {
    case Kind::any: return "any";
    case Kind::boolean:
    case Kind::number:
    case Kind::string: return friendly_name();
    case Kind::list: return "list(" + element().to_string() + ")";
    case Kind::set: return "set(" + element().to_string() + ")";
    case Kind::map: return "map(" + element().to_string() + ")";
    case Kind::tuple: {
      std::string out = "tuple([";
      for (const Type& part : tuple_elements()) {
        if (out.back() != '[') out += ", ";
        out += part.to_string();
      }
      return out + "])";
    }
    case Kind::object: {
      std::string out = "object({";
      for (const auto& [name, member] : object_members()) {
        if (out.back() != '{') out += ", ";
        out += name + "=";
        out +=
            member.optional ? "optional(" + member.type.to_string() + ")" : member.type.to_string();
      }
      return out + "})";
    }
  }
  return "";
}

bool Type::operator==(const Type& other) const {
  if (kind_ != other.kind_) return false;
  if (node_ == other.node_) return true;
  if (node_->parts != other.node_->parts) return false;
  const ObjectMembers &mine = node_->members, &theirs = other.node_->members;
  auto a = mine.begin(), b = theirs.begin();
  for (; a != mine.end() && b != theirs.end(); ++a, ++b) {
    if (a->first != b->first || a->second.optional != b->second.optional ||
        a->second.type != b->second.type || a->second.fallback != b->second.fallback) {
      return false;
    }
  }
  return a == mine.end() && b == theirs.end();
}

Type common_type(const std::vector<Value>& values) {
  Type result;
  for (const Value& value : values) {
    auto both = unify(result, Type::of(value));
    if (!both) return Type::any();
    result = *both;
  }
  return result;
}

}  // namespace yurt::hcl
