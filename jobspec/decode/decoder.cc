#include "jobspec/decode/decoder.h"

#include "jobspec/decode/shorthand.h"
#include "jobspec/decode/values.h"
#include "jobspec/hcl/evaluate.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::Message;
using google::protobuf::Reflection;

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

}  // namespace

void Decoder::decode(const hcl::Body& body, const hcl::ContextPtr& context, const std::string& path,
                     Message& message) {
  const BlockLayout& layout = block_layout(message.GetDescriptor());
  const hcl::BodyContent content = hcl::read_body(body, layout.schema, context, diagnostics_);
  for (const hcl::Attribute& attribute : content.attributes) {
    if (const BlockField* field = layout.find(attribute.name)) {
      decode_attribute(attribute, *field, context, path, message);
    } else {
      decode_shorthand(attribute, context, path, message);
    }
  }
  std::map<std::string, hcl::Range> seen;
  for (const hcl::Block& block : content.blocks) {
    const BlockField& field = *layout.find(block.type);
    if (const hcl::Attribute* attribute = content.find(block.type)) {
      diagnostics_.error("Argument and block of the same name",
                         quoted(block.type) + " is set as an argument at " +
                             attribute->name_range.to_string() +
                             " and given as a block here; use one or the other.",
                         block.type_range);
      continue;
    }
    const bool repeatable = field.form == BlockField::Form::block && field.field->is_repeated();
    const auto [first, is_new] = seen.emplace(block.type, block.type_range);
    if (!repeatable && !is_new) {
      diagnostics_.error("Duplicate block",
                         "A " + quoted(block.type) + " block was already given at " +
                             first->second.to_string() + "; only one is allowed here.",
                         block.type_range);
      continue;
    }
    decode_block(block, field, path, message);
  }
}

void Decoder::decode_attribute(const hcl::Attribute& attribute, const BlockField& field,
                               const hcl::ContextPtr& context, const std::string& path,
                               Message& message) {
  const std::string own_path = path_of(path, attribute.name);
  places_.set(own_path, attribute.expression.range());
  const auto value = hcl::evaluate_as(attribute.expression, attribute_type(*field.field),
                                      "argument " + quoted(attribute.name), *context, diagnostics_);
  if (!value) return;
  if (const Status stored = store(*value, *field.field, message); !stored.ok()) {
    diagnostics_.error("Incorrect value",
                       "Argument " + quoted(attribute.name) + ": " + stored.error().message + ".",
                       attribute.expression.range());
    return;
  }
  if (value->is_sequence()) {
    for (std::size_t i = 0; i < value->size(); ++i) {
      places_.set(path_of(path, attribute.name, static_cast<int>(i)),
                  attribute.expression.range_of({i}));
    }
  }
  if (value->is_mapping()) {
    for (const auto& [key, member] : value->members()) {
      places_.set(path_of(own_path, key), attribute.expression.range_of({key}));
    }
  }
}

void Decoder::decode_shorthand(const hcl::Attribute& attribute, const hcl::ContextPtr& context,
                               const std::string& path, Message& message) {
  const Shorthand* shorthand = find_shorthand(*message.GetDescriptor(), attribute.name);
  YURT_ASSERT(shorthand != nullptr);
  const bool flag = shorthand->sets == Shorthand::Sets::flag;
  const auto value =
      hcl::evaluate_as(attribute.expression, flag ? hcl::Type::boolean() : hcl::Type::string(),
                       "argument " + quoted(attribute.name), *context, diagnostics_);
  if (!value || value->is_null()) return;
  const auto* operator_field = message.GetDescriptor()->FindFieldByName("operator");
  if (!message.GetReflection()->GetString(message, operator_field).empty()) {
    diagnostics_.error("Two operators",
                       quoted(attribute.name) +
                           " sets the operator, which was set before; use one operator in a block.",
                       attribute.name_range);
    return;
  }
  for (const char* name : {"operator", "value", "attribute"}) {
    const std::string own_path = path_of(path, name);
    if (name == std::string("attribute") && shorthand->sets != Shorthand::Sets::attribute) continue;
    places_.set(own_path, attribute.expression.range());
  }
  apply_shorthand(*shorthand, flag ? (value->as_boolean() ? "true" : "false") : value->as_string(),
                  message);
}

void Decoder::decode_block(const hcl::Block& block, const BlockField& field,
                           const std::string& path, Message& message) {
  const Reflection& reflection = *message.GetReflection();
  if (field.form == BlockField::Form::map) return decode_map_block(block, field, path, message);
  if (field.form == BlockField::Form::free_form) {
    return decode_free_form(block, field, path, message);
  }
  if (!field.field->is_repeated()) {
    const std::string own_path = path_of(path, block.type);
    places_.set(own_path, block.header_range);
    return decode(*block.body, block.context, own_path,
                  *reflection.MutableMessage(&message, field.field));
  }
  const std::string own_path =
      path_of(path, block.type, reflection.FieldSize(message, field.field));
  places_.set(own_path, block.header_range);
  Message& element = *reflection.AddMessage(&message, field.field);
  if (field.label != nullptr) {
    places_.set(path_of(own_path, field.label->name()), block.labels.front().range);
    element.GetReflection()->SetString(&element, field.label, block.labels.front().text);
  }
  decode(*block.body, block.context, own_path, element);
}

void Decoder::decode_map_block(const hcl::Block& block, const BlockField& field,
                               const std::string& path, Message& message) {
  const std::string own_path = path_of(path, block.type);
  places_.set(own_path, block.header_range);
  const hcl::BodyContent content = hcl::read_whole_body(*block.body, block.context, diagnostics_);
  for (const hcl::Block& inner : content.blocks) {
    diagnostics_.error("Unsupported block",
                       quoted(block.type) + " holds arguments (name = value) only.",
                       inner.type_range);
  }
  const hcl::Type type = attribute_type(*field.field).element();
  hcl::Value::Members members;
  for (const hcl::Attribute& attribute : content.attributes) {
    places_.set(path_of(own_path, attribute.name), attribute.expression.range());
    const auto value =
        hcl::evaluate_as(attribute.expression, type, quoted(attribute.name) + " in " + block.type,
                         *block.context, diagnostics_);
    if (value) members.insert_or_assign(attribute.name, *value);
  }
  static_cast<void>(store(hcl::Value::map(std::move(members)), *field.field, message).ok());
}

void Decoder::decode_free_form(const hcl::Block& block, const BlockField& field,
                               const std::string& path, Message& message) {
  const std::string own_path = path_of(path, block.type);
  places_.set(own_path, block.header_range);
  hcl::Diagnostics reported_below;
  const hcl::BodyContent content = block.body->all(reported_below);
  for (const hcl::Attribute& attribute : content.attributes) {
    places_.set(path_of(own_path, attribute.name), attribute.expression.range());
  }
  for (const hcl::Block& inner : content.blocks) {
    places_.set(path_of(own_path, inner.type), inner.header_range);
  }
  const auto value = hcl::read_free_form(*block.body, block.context, diagnostics_);
  if (!value) return;
  Message& target = *message.GetReflection()->MutableMessage(&message, field.field);
  const Status stored = store_free_form(*value, static_cast<google::protobuf::Struct&>(target));
  if (!stored.ok()) {
    diagnostics_.error("Unusable block", quoted(block.type) + ": " + stored.error().message + ".",
                       block.header_range);
  }
}

}  // namespace yurt::jobspec
