// parseYAML and toYAML, over yaml-cpp: YAML 1.2's core schema decides what a plain scalar is.
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstdlib>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

// Aliases may make a small text enormous.
constexpr std::size_t most_yaml_values = 1'000'000;
constexpr int deepest_yaml = 200;

Value yaml_scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return Value(text);  // it was quoted
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return Value(true);
  if (text == "false" || text == "False" || text == "FALSE") return Value(false);
  if (text.find_first_not_of("+-.0123456789eE") != std::string::npos) return Value(text);
  char* end = nullptr;
  errno = 0;
  const long long whole = std::strtoll(text.c_str(), &end, 10);
  if (*end == '\0' && errno == 0) return Value(static_cast<std::int64_t>(whole));
  const double real = std::strtod(text.c_str(), &end);
  return *end == '\0' ? Value(real) : Value(text);
}

Result<Value> yaml_value(const YAML::Node& node, int depth, std::size_t& values) {
  if (++values > most_yaml_values || depth > deepest_yaml) {
    return Error{ErrorCode::resource_exhausted, "the YAML holds too much"};
  }
  if (node.IsSequence()) {
    Value out = Value::array();
    for (const auto& item : node) {
      YURT_ASSIGN(Value value, yaml_value(item, depth + 1, values));
      out.push_back(std::move(value));
    }
    return out;
  }
  if (node.IsMap()) {
    Value out = Value::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return Error{ErrorCode::invalid_argument, "a key in the YAML is no text"};
      }
      YURT_ASSIGN(out[entry.first.Scalar()], yaml_value(entry.second, depth + 1, values));
    }
    return out;
  }
  return node.IsScalar() ? yaml_scalar(node) : Value();
}

Result<Value> parse_yaml(const Arguments& arguments, Provider&) {
  YURT_ASSIGN(const std::string text, string_argument("parseYAML", arguments[0]));
  try {
    std::size_t values = 0;
    return yaml_value(YAML::Load(text), 0, values);
  } catch (const YAML::Exception& error) {
    return Error{ErrorCode::invalid_argument, std::string("this is no YAML: ") + error.what()};
  }
}

void emit_yaml(const Value& value, YAML::Emitter& out) {
  if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const auto& item : value) emit_yaml(item, out);
    out << YAML::EndSeq;
  } else if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, item] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit_yaml(item, out);
    }
    out << YAML::EndMap;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    // What would be read back as something else is quoted.
    const bool ambiguous = !yaml_scalar(YAML::Node(text)).is_string();
    if (ambiguous) out << YAML::DoubleQuoted;
    out << text;
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();
  }
}

Result<Value> to_yaml(const Arguments& arguments, Provider&) {
  YAML::Emitter out;
  emit_yaml(arguments[0], out);
  return Value(std::string(out.c_str()));
}

}  // namespace

std::vector<Function> yaml_functions() {
  return {{"parseYAML", 1, 1, parse_yaml}, {"toYAML", 1, 1, to_yaml}};
}

}  // namespace yurt::templates
