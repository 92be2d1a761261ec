#include "jobspec/hcl/body_schema.h"

#include <algorithm>

namespace yurt::hcl {
namespace {

std::string hint(const std::string& name, const std::vector<std::string>& known,
                 const Diagnostics& diagnostics) {
  // Those beyond the limit are not shown, so looking for a hint would be work for nothing.
  if (diagnostics.list().size() >= Diagnostics::max_kept) return "";
  const std::string closest = closest_name(name, known);
  return closest.empty() ? "" : " Did you mean \"" + closest + "\"?";
}

std::vector<std::string> attribute_names(const BodySchema& schema) {
  std::vector<std::string> names;
  for (const AttributeSchema& attribute : schema.attributes) names.push_back(attribute.name);
  return names;
}

std::vector<std::string> block_types(const BodySchema& schema) {
  std::vector<std::string> types;
  for (const BlockSchema& block : schema.blocks) types.push_back(block.type);
  return types;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

const AttributeSchema* find_attribute(const BodySchema& schema, std::string_view name) {
  const auto found = std::find_if(schema.attributes.begin(), schema.attributes.end(),
                                  [&](const AttributeSchema& a) { return a.name == name; });
  return found == schema.attributes.end() ? nullptr : &*found;
}

const BlockSchema* find_block(const BodySchema& schema, std::string_view type) {
  const auto found = std::find_if(schema.blocks.begin(), schema.blocks.end(),
                                  [&](const BlockSchema& b) { return b.type == type; });
  return found == schema.blocks.end() ? nullptr : &*found;
}

const BlockSchema& dynamic_schema() {
  static const BlockSchema schema{"dynamic", {"type"}};
  return schema;
}

void report_unknown_attribute(const BodySchema& schema, const std::string& name, const Range& where,
                              Diagnostics& diagnostics) {
  if (find_block(schema, name) != nullptr) {
    diagnostics.error("Unsupported argument",
                      "\"" + name + "\" is a block here: write " + name + " { ... } without \"=\".",
                      where);
    return;
  }
  diagnostics.error("Unsupported argument",
                    "An argument named \"" + name + "\" is not expected here." +
                        hint(name, attribute_names(schema), diagnostics),
                    where);
}

void report_unknown_block(const BodySchema& schema, const std::string& type, const Range& where,
                          Diagnostics& diagnostics) {
  if (find_attribute(schema, type) != nullptr) {
    diagnostics.error("Unsupported block",
                      "\"" + type + "\" is an argument here: write " + type + " = ... with \"=\".",
                      where);
    return;
  }
  diagnostics.error("Unsupported block",
                    "Blocks of type \"" + type + "\" are not expected here." +
                        hint(type, block_types(schema), diagnostics),
                    where);
}

void report_missing_attributes(const BodySchema& schema, const BodyContent& content,
                               const Range& where, Diagnostics& diagnostics) {
  for (const AttributeSchema& attribute : schema.attributes) {
    if (!attribute.required || content.find(attribute.name) != nullptr) continue;
    diagnostics.error("Missing required argument",
                      "The argument \"" + attribute.name + "\" is required here.", where);
  }
}

bool check_labels(const BlockSchema& schema, const Block& block, Diagnostics& diagnostics) {
  const std::size_t wanted = schema.label_names.size();
  if (block.labels.size() == wanted) return true;
  if (block.labels.size() > wanted) {
    diagnostics.error("Extra label on block",
                      wanted == 0
                          ? "Blocks of type \"" + block.type + "\" take no label."
                          : "Blocks of type \"" + block.type + "\" take " + std::to_string(wanted) +
                                " label" + (wanted == 1 ? "" : "s") + " (" +
                                quoted_list(schema.label_names) + ").",
                      block.labels[wanted].range);
    return false;
  }
  diagnostics.error("Missing label on block",
                    "Blocks of type \"" + block.type + "\" need " + std::to_string(wanted) +
                        " label" + (wanted == 1 ? "" : "s") + " (" +
                        quoted_list(schema.label_names) + "): " + block.type + " \"" +
                        schema.label_names[block.labels.size()] + "\" { ... }.",
                    block.header_range);
  return false;
}

const Attribute* BodyContent::find(std::string_view name) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Attribute& a) { return a.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

}  // namespace yurt::hcl
