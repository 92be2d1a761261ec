#include "jobspec/hcl/native_body.h"

#include "jobspec/hcl/body_schema.h"

namespace yurt::hcl {

BodyContent NativeBody::content(const BodySchema& schema, bool with_dynamic,
                                Diagnostics& diagnostics) const {
  BodyContent content;
  for (const Attribute& attribute : attributes) {
    if (find_attribute(schema, attribute.name) != nullptr) {
      content.attributes.push_back(attribute);
    } else {
      report_unknown_attribute(schema, attribute.name, attribute.name_range, diagnostics);
    }
  }
  for (const Block& block : blocks) {
    const bool dynamic = with_dynamic && block.type == "dynamic";
    const BlockSchema* block_schema = dynamic ? &dynamic_schema() : find_block(schema, block.type);
    if (block_schema == nullptr) {
      report_unknown_block(schema, block.type, block.type_range, diagnostics);
    } else if (check_labels(*block_schema, block, diagnostics)) {
      content.blocks.push_back(block);
    }
  }
  report_missing_attributes(schema, content, end, diagnostics);
  return content;
}

BodyContent NativeBody::all(Diagnostics&) const { return {attributes, blocks}; }

}  // namespace yurt::hcl
