#include "jobspec/hcl/json_body.h"

#include <map>

#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/body_schema.h"
#include "jobspec/hcl/parser.h"

namespace yurt::hcl {
namespace {

NodePtr string_expression(const JsonNode& node, Diagnostics& diagnostics) {
  if (node.text.find("${") == std::string::npos && node.text.find("%{") == std::string::npos) {
    std::vector<NodePtr> parts{std::make_shared<LiteralNode>(node.range, Value::string(node.text))};
    return std::make_shared<TemplateNode>(node.range, std::move(parts));
  }
  // Without escapes the template's places are the file's; with them only the whole string's is.
  TokenStream stream(node.text, LexMode::bare_template, node.range.source, node.range.begin + 1,
                     node.verbatim ? Range{} : node.range);
  return Parser(stream, diagnostics).parse_whole_template();
}

// What a body is made from: the objects of an array are one body, as if written after each other.
class JsonBody final : public Body {
 public:
  // `document` keeps `parts` alive.
  JsonBody(std::shared_ptr<const JsonNode> document, std::vector<const JsonNode*> parts,
           Range whole)
      : document_(std::move(document)), parts_(std::move(parts)), whole_(std::move(whole)) {}

  BodyContent content(const BodySchema& schema, bool with_dynamic,
                      Diagnostics& diagnostics) const override;
  BodyContent all(Diagnostics& diagnostics) const override;
  Range range() const override { return whole_; }
  Range missing_item_range() const override {
    return {whole_.source, whole_.end > whole_.begin ? whole_.end - 1 : whole_.end, whole_.end};
  }

 private:
  // Calls use(member) for every property but comments, in order.
  template <typename Use>
  void for_each_member(Use use, Diagnostics& diagnostics) const;
  void add_attribute(const JsonMember& member, BodyContent& content,
                     std::map<std::string, Range>& seen, Diagnostics& diagnostics) const;
  void add_blocks(const BlockSchema& schema, const JsonMember& member, BodyContent& content,
                  Diagnostics& diagnostics) const;
  void add_labelled(const BlockSchema& schema, Block block, const JsonNode& node,
                    BodyContent& content, Diagnostics& diagnostics) const;

  std::shared_ptr<const JsonNode> document_;
  std::vector<const JsonNode*> parts_;
  Range whole_;
};

bool is_object_like(const JsonNode& node) {
  if (node.kind == JsonNode::Kind::object) return true;
  if (node.kind != JsonNode::Kind::array || node.elements.empty()) return false;
  for (const JsonNode& element : node.elements) {
    if (element.kind != JsonNode::Kind::object) return false;
  }
  return true;
}

template <typename Use>
void JsonBody::for_each_member(Use use, Diagnostics& diagnostics) const {
  for (const JsonNode* part : parts_) {
    if (part->kind == JsonNode::Kind::null) continue;
    if (part->kind != JsonNode::Kind::object) {
      diagnostics.error("Incorrect JSON value type",
                        "Expected an object, whose properties are the arguments and blocks.",
                        part->range);
      continue;
    }
    for (const JsonMember& member : part->members) {
      if (member.name.text != "//") use(member);
    }
  }
}

void JsonBody::add_attribute(const JsonMember& member, BodyContent& content,
                             std::map<std::string, Range>& seen, Diagnostics& diagnostics) const {
  const auto [first, is_new] = seen.emplace(member.name.text, member.name.range);
  if (!is_new) {
    diagnostics.error("Argument set twice",
                      "\"" + member.name.text + "\" was already set at " +
                          first->second.to_string() + ". Each argument may be set once.",
                      member.name.range);
    return;
  }
  content.attributes.push_back({member.name.text, member.name.range,
                                Expression(json_expression(member.value, diagnostics))});
}

void JsonBody::add_blocks(const BlockSchema& schema, const JsonMember& member, BodyContent& content,
                          Diagnostics& diagnostics) const {
  Block block;
  block.type = member.name.text;
  block.type_range = member.name.range;
  block.header_range = member.name.range;
  add_labelled(schema, std::move(block), member.value, content, diagnostics);
}

void JsonBody::add_labelled(const BlockSchema& schema, Block block, const JsonNode& node,
                            BodyContent& content, Diagnostics& diagnostics) const {
  if (node.kind == JsonNode::Kind::null) return;
  if (node.kind == JsonNode::Kind::array) {
    for (const JsonNode& element : node.elements) {
      if (element.kind == JsonNode::Kind::array) {
        diagnostics.error("Incorrect JSON value type", "Expected an object for the block.",
                          element.range);
      } else {
        add_labelled(schema, block, element, content, diagnostics);
      }
    }
    return;
  }
  if (node.kind != JsonNode::Kind::object) {
    diagnostics.error("Incorrect JSON value type",
                      "\"" + block.type + "\" is a block: expected an object, or an array of them.",
                      node.range);
    return;
  }
  if (block.labels.size() == schema.label_names.size()) {
    block.body =
        std::make_shared<JsonBody>(document_, std::vector<const JsonNode*>{&node}, node.range);
    content.blocks.push_back(std::move(block));
    return;
  }
  for (const JsonMember& member : node.members) {
    if (member.name.text == "//") continue;
    Block labelled = block;
    labelled.labels.push_back({member.name.text, member.name.range});
    labelled.header_range = member.name.range;
    add_labelled(schema, std::move(labelled), member.value, content, diagnostics);
  }
}

BodyContent JsonBody::content(const BodySchema& schema, bool with_dynamic,
                              Diagnostics& diagnostics) const {
  BodyContent content;
  std::map<std::string, Range> seen;
  for_each_member(
      [&](const JsonMember& member) {
        const std::string& name = member.name.text;
        const AttributeSchema* attribute = find_attribute(schema, name);
        const BlockSchema* block =
            with_dynamic && name == "dynamic" ? &dynamic_schema() : find_block(schema, name);
        if (block != nullptr && (attribute == nullptr || is_object_like(member.value))) {
          add_blocks(*block, member, content, diagnostics);
        } else if (attribute != nullptr) {
          add_attribute(member, content, seen, diagnostics);
        } else {
          report_unknown_attribute(schema, name, member.name.range, diagnostics);
        }
      },
      diagnostics);
  report_missing_attributes(schema, content, missing_item_range(), diagnostics);
  return content;
}

BodyContent JsonBody::all(Diagnostics& diagnostics) const {
  BodyContent content;
  std::map<std::string, Range> seen;
  for_each_member(
      [&](const JsonMember& member) { add_attribute(member, content, seen, diagnostics); },
      diagnostics);
  return content;
}

}  // namespace

NodePtr json_expression(const JsonNode& node, Diagnostics& diagnostics) {
  switch (node.kind) {
    case JsonNode::Kind::null: return std::make_shared<LiteralNode>(node.range, Value());
    case JsonNode::Kind::boolean:
      return std::make_shared<LiteralNode>(node.range, Value::boolean(node.boolean));
    case JsonNode::Kind::string: return string_expression(node, diagnostics);
    case JsonNode::Kind::number:
      if (const auto number = Number::parse(node.text)) {
        return std::make_shared<LiteralNode>(node.range, Value::number(*number));
      }
      diagnostics.error("Invalid number", "This number is out of range.", node.range);
      return std::make_shared<InvalidNode>(node.range);
    case JsonNode::Kind::array: {
      std::vector<NodePtr> elements;
      for (const JsonNode& element : node.elements) {
        elements.push_back(json_expression(element, diagnostics));
      }
      return std::make_shared<TupleNode>(node.range, std::move(elements));
    }
    case JsonNode::Kind::object: {
      auto object = std::make_shared<ObjectNode>(node.range);
      for (const JsonMember& member : node.members) {
        object->items.push_back({string_expression(member.name, diagnostics),
                                 json_expression(member.value, diagnostics)});
      }
      return object;
    }
  }
  return std::make_shared<InvalidNode>(node.range);
}

BodyPtr parse_json_body(const SourcePtr& source, Diagnostics& diagnostics) {
  const auto document = std::make_shared<JsonNode>();
  const Range whole{source, 0, static_cast<std::uint32_t>(source->text().size())};
  std::vector<const JsonNode*> parts;
  if (parse_json(source, *document, diagnostics)) parts.push_back(document.get());
  return std::make_shared<JsonBody>(document, std::move(parts), whole);
}

}  // namespace yurt::hcl
