// Comparison without a diff: every registration asks it, so it allocates next to nothing.
#include <google/protobuf/reflection.h>
#include <google/protobuf/util/message_differencer.h>

#include "jobspec/diff/diff.h"
#include "jobspec/diff/fields.h"

namespace yurt::jobspec {
namespace {

class SpecOnly final : public google::protobuf::util::MessageDifferencer::IgnoreCriteria {
 public:
  bool IsIgnored(
      const google::protobuf::Message&, const google::protobuf::Message&,
      const google::protobuf::FieldDescriptor* field,
      const std::vector<google::protobuf::util::MessageDifferencer::SpecificField>&) override {
    // Free-form content and the entries of maps are values: all of it counts.
    const auto* owner = field->containing_type();
    if (owner->options().map_entry() || owner->file()->package() == "google.protobuf") return false;
    return !is_spec(*field) && !is_wrapped_list(*owner);
  }

 private:
  static bool is_wrapped_list(const google::protobuf::Descriptor& descriptor) {
    return descriptor.field_count() == 1 && descriptor.field(0)->name() == "values";
  }
};

}  // namespace

bool spec_changed(const model::Job& before, const model::Job& after) {
  google::protobuf::util::MessageDifferencer differencer;
  differencer.AddIgnoreCriteria(new SpecOnly());  // which takes it over
  return !differencer.Compare(before, after);
}

}  // namespace yurt::jobspec
