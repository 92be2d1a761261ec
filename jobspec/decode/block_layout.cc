#include "jobspec/decode/block_layout.h"

#include <memory>
#include <mutex>

#include "jobspec/decode/shorthand.h"
#include "proto/options.pb.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

BlockField::Form form_of(const FieldDescriptor& field) {
  if (field.is_map()) return BlockField::Form::map;
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return BlockField::Form::attribute;
  return field.message_type()->full_name() == "google.protobuf.Struct" ? BlockField::Form::free_form
                                                                       : BlockField::Form::block;
}

std::unique_ptr<const BlockLayout> make_layout(const Descriptor& descriptor) {
  auto layout = std::make_unique<BlockLayout>();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (field.options().GetExtension(model::json_only)) continue;
    if (field.options().GetExtension(model::block_label)) continue;
    BlockField entry;
    entry.field = &field;
    entry.form = form_of(field);
    if (entry.form == BlockField::Form::attribute || entry.form == BlockField::Form::map) {
      layout->schema.attributes.push_back({field.name(), false});
    }
    if (entry.form != BlockField::Form::attribute) {
      hcl::BlockSchema block{field.name(), {}};
      // Only blocks that may be repeated are told apart by a label.
      if (entry.form == BlockField::Form::block && field.is_repeated()) {
        entry.label = label_field(*field.message_type());
        if (entry.label != nullptr) block.label_names.push_back(entry.label->name());
      }
      layout->schema.blocks.push_back(std::move(block));
    }
    layout->fields.emplace(field.name(), entry);
  }
  for (const Shorthand& shorthand : shorthands_of(descriptor)) {
    layout->schema.attributes.push_back({shorthand.name, false});
  }
  return layout;
}

}  // namespace

const BlockField* BlockLayout::find(std::string_view name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? nullptr : &found->second;
}

const BlockLayout& block_layout(const Descriptor* descriptor) {
  static std::mutex mutex;
  static std::map<const Descriptor*, std::unique_ptr<const BlockLayout>> layouts;
  const std::lock_guard lock(mutex);
  auto& slot = layouts[descriptor];
  if (!slot) slot = make_layout(*descriptor);
  return *slot;
}

const FieldDescriptor* label_field(const Descriptor& descriptor) {
  for (int i = 0; i < descriptor.field_count(); ++i) {
    if (descriptor.field(i)->options().GetExtension(model::block_label)) return descriptor.field(i);
  }
  return nullptr;
}

}  // namespace yurt::jobspec
