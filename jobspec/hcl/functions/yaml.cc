// yamldecode (YAML 1.2 core types through yaml-cpp) and yamlencode (go-cty-yaml's layout).
#include <yaml-cpp/yaml.h>

#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/functions/yaml_text.h"
#include "jobspec/hcl/parse.h"

namespace yurt::hcl {
namespace {

constexpr std::size_t longest_document_bytes = 1 << 20;

// Turns a document into a value. Aliases make YAML a graph, so size and depth are bounded here.
class YamlReader {
 public:
  explicit YamlReader(std::uint64_t limit) : limit_(limit) {}

  bool read(const YAML::Node& node, Value& value, std::uint32_t depth) {
    if (depth > max_nesting) return fail("nested too deeply");
    spent_ += 64;
    if (spent_ > limit_) return fail("the result would be too large");
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: value = Value(); return true;
      case YAML::NodeType::Scalar: return read_scalar(node, value);
      case YAML::NodeType::Sequence: return read_sequence(node, value, depth);
      case YAML::NodeType::Map: return read_map(node, value, depth);
    }
    return false;
  }

  const std::string& problem() const { return problem_; }

 private:
  bool fail(const std::string& why) {
    problem_ = why;
    return false;
  }

  bool read_scalar(const YAML::Node& node, Value& value) {
    const std::string& text = node.Scalar();
    const std::string& tag = node.Tag();
    spent_ += text.size();
    const bool plain = tag == "?" || tag.empty();
    if (plain) {
      value = plain_yaml_scalar(text);
    } else if (tag == "!" || tag == "tag:yaml.org,2002:str") {
      value = Value::string(text);
    } else {
      return read_tagged(tag, text, value);
    }
    return true;
  }

  bool read_tagged(const std::string& tag, const std::string& text, Value& value) {
    Type type;
    if (tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float") type = Type::number();
    if (tag == "tag:yaml.org,2002:bool") type = Type::boolean();
    if (tag == "tag:yaml.org,2002:null") {
      value = Value();
      return true;
    }
    if (type.kind() == Type::Kind::any) return fail("unsupported tag \"" + tag + "\"");
    auto converted = convert(plain_yaml_scalar(text), type);
    if (!std::holds_alternative<Value>(converted)) {
      return fail("cannot parse \"" + text + "\" as tag \"" + tag + "\"");
    }
    value = std::get<Value>(converted);
    return true;
  }

  bool read_sequence(const YAML::Node& node, Value& value, std::uint32_t depth) {
    Value::Elements elements;
    for (const auto& part : node) {
      elements.emplace_back();
      if (!read(part, elements.back(), depth + 1)) return false;
    }
    value = Value::tuple(std::move(elements));
    return true;
  }

  bool read_map(const YAML::Node& node, Value& value, std::uint32_t depth) {
    Value::Members members, merged;
    for (const auto& part : node) {
      Value key, member;
      if (!read(part.first, key, depth + 1) || !read(part.second, member, depth + 1)) return false;
      if (key.is_string() && key.as_string() == "<<" && part.first.Tag() == "?") {
        if (!merge(member, merged)) return false;
        continue;
      }
      auto name = convert(key, Type::string());
      const auto* text = std::get_if<Value>(&name);
      if (text == nullptr || text->is_null()) return fail("mapping keys must be strings");
      spent_ += text->as_string().size();
      members.insert_or_assign(text->as_string(), std::move(member));
    }
    members.merge(merged);
    value = Value::object(std::move(members));
    return true;
  }

  // The merge key "<<": members not given here are taken from one mapping or the first that has
  // them.
  bool merge(const Value& from, Value::Members& merged) {
    if (from.is_mapping()) {
      merged.insert(from.members().begin(), from.members().end());
      return true;
    }
    if (!from.is_sequence()) return fail("a merge key needs a mapping or a list of them");
    for (const Value& element : from.elements()) {
      if (!element.is_mapping()) return fail("a merge key needs a mapping or a list of them");
      merged.insert(element.members().begin(), element.members().end());
    }
    return true;
  }

  std::uint64_t limit_;
  std::uint64_t spent_ = 0;
  std::string problem_;
};

CallResult decode(Arguments arguments, std::uint64_t limit) {
  const std::string& text = arguments[0].as_string();
  if (text.size() > longest_document_bytes) {
    return call_error(
        "documents can have at most " + std::to_string(longest_document_bytes) + " bytes", 0);
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty()) return Value();
    if (documents.size() > 1) return call_error("only a single document is allowed", 0);
    YamlReader reader(limit);
    Value value;
    if (!reader.read(documents[0], value, 0)) return call_error(reader.problem(), 0);
    return value;
  } catch (const YAML::Exception& error) {
    return call_error("on line " + std::to_string(error.mark.line + 1) + ", column " +
                          std::to_string(error.mark.column + 1) + ": " + error.msg,
                      0);
  }
}

CallResult encode(Arguments arguments, std::uint64_t limit) {
  std::string out;
  if (!write_yaml(arguments[0], limit, out)) return too_large();
  return Value::string(std::move(out));
}

}  // namespace

void add_yaml_functions(FunctionTable& table) {
  table["yamldecode"] = {{string_parameter("src")}, {}, decode};
  table["yamlencode"] = {{nullable_parameter("value")}, {}, encode};
}

}  // namespace yurt::hcl
