#include "jobspec/decode/shorthand.h"

#include <array>

namespace yurt::jobspec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr std::array<Shorthand, 10> constraint_shorthands{{
    {"version", Shorthand::Sets::value},
    {"semver", Shorthand::Sets::value},
    {"regexp", Shorthand::Sets::value},
    {"set_contains", Shorthand::Sets::value},
    {"set_contains_all", Shorthand::Sets::value},
    {"set_contains_any", Shorthand::Sets::value},
    {"distinct_hosts", Shorthand::Sets::flag},
    {"distinct_property", Shorthand::Sets::attribute},
    {"is_set", Shorthand::Sets::flag},
    {"is_not_set", Shorthand::Sets::flag},
}};
constexpr std::array<Shorthand, 6> affinity_shorthands{{
    {"version", Shorthand::Sets::value},
    {"semver", Shorthand::Sets::value},
    {"regexp", Shorthand::Sets::value},
    {"set_contains", Shorthand::Sets::value},
    {"set_contains_all", Shorthand::Sets::value},
    {"set_contains_any", Shorthand::Sets::value},
}};

void set_text(Message& message, const char* field, const std::string& text) {
  message.GetReflection()->SetString(&message, message.GetDescriptor()->FindFieldByName(field),
                                     text);
}

}  // namespace

std::span<const Shorthand> shorthands_of(const Descriptor& descriptor) {
  if (descriptor.name() == "Constraint") return constraint_shorthands;
  if (descriptor.name() == "Affinity") return affinity_shorthands;
  return {};
}

const Shorthand* find_shorthand(const Descriptor& descriptor, std::string_view name) {
  for (const Shorthand& shorthand : shorthands_of(descriptor)) {
    if (name == shorthand.name) return &shorthand;
  }
  return nullptr;
}

void apply_shorthand(const Shorthand& shorthand, const std::string& text, Message& message) {
  const std::string name = shorthand.name;
  if (name == "is_set" || name == "is_not_set") {
    // These two operators take no value: is_set = false is is_not_set.
    const bool set = (name == "is_set") == (text == "true");
    return set_text(message, "operator", set ? "is_set" : "is_not_set");
  }
  set_text(message, "operator", name);
  const bool attribute = shorthand.sets == Shorthand::Sets::attribute;
  set_text(message, attribute ? "attribute" : "value", text);
}

}  // namespace yurt::jobspec
