// Bodies without a fixed schema, as values.
#include "jobspec/hcl/body.h"
#include "jobspec/hcl/evaluate.h"

namespace yurt::hcl {
namespace {

// {"a" = [{"b" = [content]}]} for the labels "a" and "b".
Value under_labels(const std::vector<Label>& labels, Value content) {
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    content = Value::object({{label->text, Value::tuple({std::move(content)})}});
  }
  return content;
}

}  // namespace

std::optional<Value> read_free_form(const Body& body, const ContextPtr& context,
                                    Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.error_count();
  const BodyContent content = read_whole_body(body, context, diagnostics);
  Value::Members members;
  for (const Attribute& attribute : content.attributes) {
    auto value = evaluate(attribute.expression, *context, diagnostics);
    if (!value) continue;
    if (value->is_mapping()) value = Value::tuple({*value});
    members.insert_or_assign(attribute.name, std::move(*value));
  }
  std::map<std::string, Value::Elements> lists;
  for (const Block& block : content.blocks) {
    if (const Attribute* attribute = content.find(block.type)) {
      diagnostics.error("Argument and block of the same name",
                        "\"" + block.type + "\" is set as an argument at " +
                            attribute->name_range.to_string() +
                            " and given as a block here; use one or the other.",
                        block.type_range);
      continue;
    }
    auto value = read_free_form(*block.body, block.context, diagnostics);
    if (value) lists[block.type].push_back(under_labels(block.labels, std::move(*value)));
  }
  for (auto& [type, list] : lists) members.emplace(type, Value::tuple(std::move(list)));
  if (diagnostics.error_count() > errors_before) return std::nullopt;
  return Value::object(std::move(members));
}

}  // namespace yurt::hcl
