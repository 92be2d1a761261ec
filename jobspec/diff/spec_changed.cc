#include "jobspec/diff/spec_changed.h"

#include <google/protobuf/util/message_differencer.h>

#include <vector>

#include "proto/job.pb.h"
#include "proto/options.pb.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::FieldDescriptor;

const std::vector<const FieldDescriptor*>& kept_by_servers() {
  static const std::vector<const FieldDescriptor*> fields = [] {
    std::vector<const FieldDescriptor*> out;
    const auto* job = model::Job::descriptor();
    for (int i = 0; i < job->field_count(); ++i) {
      if (job->field(i)->options().GetExtension(model::not_spec)) out.push_back(job->field(i));
    }
    return out;
  }();
  return fields;
}

}  // namespace

bool spec_changed(const model::Job& before, const model::Job& after) {
  google::protobuf::util::MessageDifferencer differencer;
  // An optional field that is absent and one that holds its type's zero say the same.
  differencer.set_message_field_comparison(
      google::protobuf::util::MessageDifferencer::EQUIVALENT);
  for (const FieldDescriptor* field : kept_by_servers()) differencer.IgnoreField(field);
  return !differencer.Compare(before, after);
}

}  // namespace yurt::jobspec
