#include "jobspec/print/print.h"

#include <google/protobuf/reflection.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/duration.h"
#include "jobspec/decode/block_layout.h"
#include "jobspec/json/map_entries.h"
#include "jobspec/json/write.h"
#include "jobspec/print/literal.h"
#include "proto/api.pb.h"
#include "proto/options.pb.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class Printer {
 public:
  void job(const model::Job& job) {
    open("job " + string_literal(job.id()));
    body(job);
    close();
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void line(const std::string& text) {
    out_.append(static_cast<std::size_t>(indent_), ' ');
    out_ += text + "\n";
  }
  void open(const std::string& header) {
    line(header + " {");
    indent_ += 2;
  }
  void close() {
    indent_ -= 2;
    line("}");
  }

  // Attributes first, then blocks, each in the schema's order.
  void body(const Message& message) {
    const auto& layout = block_layout(message.GetDescriptor());
    std::vector<const BlockField*> fields;
    for (const auto& [name, field] : layout.fields) fields.push_back(&field);
    std::sort(fields.begin(), fields.end(), [](const BlockField* a, const BlockField* b) {
      return a->field->index() < b->field->index();
    });
    for (const BlockField* field : fields) {
      if (field->form == BlockField::Form::attribute) attribute(message, *field->field);
    }
    for (const BlockField* field : fields) {
      switch (field->form) {
        case BlockField::Form::attribute: break;
        case BlockField::Form::map: map(message, *field->field); break;
        case BlockField::Form::free_form: free_form(message, *field->field); break;
        case BlockField::Form::block: blocks(message, *field); break;
      }
    }
  }

  void attribute(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    if (field.number() == model::Job::kIdFieldNumber &&
        field.containing_type() == model::Job::descriptor()) {
      return;  // the job's label
    }
    if (field.is_repeated()) {
      const int count = reflection.FieldSize(message, &field);
      std::string list;
      for (int i = 0; i < count; ++i) {
        list +=
            (i > 0 ? ", " : "") + string_literal(reflection.GetRepeatedString(message, &field, i));
      }
      if (count > 0) line(field.name() + " = [" + list + "]");
      return;
    }
    if (reflection.HasField(message, &field)) {
      line(field.name() + " = " + scalar(message, field));
    }
  }

  static std::string scalar(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.GetBool(message, &field) ? "true" : "false";
      case FieldDescriptor::CPPTYPE_INT32:
        return std::to_string(reflection.GetInt32(message, &field));
      case FieldDescriptor::CPPTYPE_UINT32:
        return std::to_string(reflection.GetUInt32(message, &field));
      case FieldDescriptor::CPPTYPE_UINT64:
        return std::to_string(reflection.GetUInt64(message, &field));
      case FieldDescriptor::CPPTYPE_INT64: {
        const std::int64_t value = reflection.GetInt64(message, &field);
        return field.options().GetExtension(model::duration) ? "\"" + format_duration(value) + "\""
                                                             : std::to_string(value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: return json::write_field(message, field.name());
      default: return text_literal(reflection.GetString(message, &field));
    }
  }

  void map(const Message& message, const FieldDescriptor& field) {
    const auto entries = json::sorted_entries(message, field);
    if (entries.empty()) return;
    const bool lists =
        field.message_type()->map_value()->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const bool as_block = std::all_of(entries.begin(), entries.end(),
                                      [](const auto& entry) { return is_identifier(entry.first); });
    open(as_block ? field.name() : field.name() + " =");
    for (const json::MapEntry& entry : entries) {
      line((as_block ? entry.first : string_literal(entry.first)) + " = " +
           (lists ? list_of(entry.second.GetMessageValue())
                  : text_literal(entry.second.GetStringValue())));
    }
    close();
  }

  static std::string list_of(const Message& wrapper) {
    const FieldDescriptor* values = wrapper.GetDescriptor()->field(0);
    std::string list;
    for (int i = 0; i < wrapper.GetReflection()->FieldSize(wrapper, values); ++i) {
      list += (i > 0 ? ", " : "") +
              string_literal(wrapper.GetReflection()->GetRepeatedString(wrapper, values, i));
    }
    return "[" + list + "]";
  }

  void free_form(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    if (!reflection.HasField(message, &field)) return;
    const auto& content =
        static_cast<const google::protobuf::Struct&>(reflection.GetMessage(message, &field));
    std::map<std::string, const google::protobuf::Value*> sorted;
    for (const auto& [key, value] : content.fields()) sorted.emplace(key, &value);
    open(field.name());
    for (const auto& [key, value] : sorted) {
      if (is_identifier(key)) {
        line(key + " = " + value_literal(*value, indent_));
      } else {
        line("# " + string_literal(key) + " cannot be written as an argument");
      }
    }
    close();
  }

  void blocks(const Message& message, const BlockField& field) {
    const Reflection& reflection = *message.GetReflection();
    if (!field.field->is_repeated()) {
      if (!reflection.HasField(message, field.field)) return;
      return block(reflection.GetMessage(message, field.field), field);
    }
    special_blocks(message, *field.field);
    for (int i = 0; i < reflection.FieldSize(message, field.field); ++i) {
      block(reflection.GetRepeatedMessage(message, field.field, i), field);
    }
  }

  void block(const Message& content, const BlockField& field) {
    std::string header = field.field->name();
    if (field.label != nullptr) {
      header += " " + string_literal(label_of(content, *field.label));
    }
    open(header);
    body(content);
    close();
  }

  static std::string label_of(const Message& content, const FieldDescriptor& label) {
    if (content.GetDescriptor() == model::ScalingPolicy::descriptor()) {
      const auto& scaling = static_cast<const model::ScalingPolicy&>(content);
      return scaling.type() == "vertical_mem" ? "mem" : "cpu";
    }
    return content.GetReflection()->GetString(content, &label);
  }

  // What the decoder moved elsewhere goes back to where job files have it.
  void special_blocks(const Message& message, const FieldDescriptor& field) {
    if (field.message_type() == model::Port::descriptor()) {
      const auto& network = static_cast<const model::NetworkResource&>(message);
      for (const auto* ports : {&network.reserved_ports(), &network.dynamic_ports()}) {
        for (const model::Port& port : *ports) {
          open("port " + string_literal(port.label()));
          body(port);
          close();
        }
      }
    } else if (message.GetDescriptor() == model::Task::descriptor() &&
               field.message_type() == model::WorkloadIdentity::descriptor()) {
      const auto& task = static_cast<const model::Task&>(message);
      if (!task.has_default_identity()) return;
      open("identity");
      body(task.default_identity());
      close();
    }
  }

  std::string out_;
  int indent_ = 0;
};

}  // namespace

std::string print_job(const model::Job& job) {
  Printer printer;
  printer.job(job);
  return printer.take();
}

std::string api_json(const model::Job& job) {
  model::JobValidateRequest request;
  *request.mutable_job() = job;
  return json::write(request, {.pretty = true}) + "\n";
}

}  // namespace yurt::jobspec
