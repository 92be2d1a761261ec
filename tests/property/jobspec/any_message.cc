#include "any_message.h"

#include <google/protobuf/reflection.h>
#include <google/protobuf/struct.pb.h>

#include <array>
#include <string>

#include "jobspec/json/map_entries.h"
#include "proto/options.pb.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Value;

constexpr std::array<std::string_view, 24> pieces{
    "a", "B", "7", " ", "-",    "_",     ".",     "/",      "\"",    "\\", "\n", "\t",
    "{", "}", "$", "%", "${x}", "$${y}", "%{if}", "\u00e9", "EOT\n", "=",  "#",  "${var.a}"};

class Filler {
 public:
  // `of_a_file`: only what a job file can say.
  Filler(Random& random, bool of_a_file) : random_(random), of_a_file_(of_a_file) {}

  void fill(Message& message, int depth) {
    const auto& descriptor = *message.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field(i);
      if (skipped(field)) continue;
      const bool label = field.options().GetExtension(model::block_label);
      if (!label && random_.below(3) == 0) continue;
      if (field.is_map()) {
        fill_map(message, field, depth);
      } else if (field.is_repeated()) {
        for (std::uint64_t n = random_.below(4); n > 0; --n) add(message, field, depth);
      } else {
        set(message, field, depth);
      }
    }
  }

 private:
  bool skipped(const FieldDescriptor& field) const {
    const auto& options = field.options();
    if (options.GetExtension(model::hcl_only)) return true;
    return of_a_file_ && options.GetExtension(model::json_only);
  }

  std::string text() {
    std::string out;
    for (std::uint64_t n = random_.below(6); n > 0; --n)
      out += pieces[random_.below(pieces.size())];
    return out;
  }
  std::string name() {
    std::string out(1, static_cast<char>('a' + random_.below(26)));
    for (std::uint64_t n = random_.below(4); n > 0; --n) out += "abz09-_"[random_.below(7)];
    return out;
  }
  std::string text_for(const FieldDescriptor& field) {
    const bool label = field.options().GetExtension(model::block_label);
    return label && of_a_file_ ? name() : text();
  }
  std::int64_t whole() {
    const std::int64_t small = static_cast<std::int64_t>(random_.below(2000)) - 500;
    return random_.below(4) == 0 ? small * 1'000'000'007 : small;
  }
  double real() {
    return random_.below(2) == 0 ? static_cast<double>(whole())
                                 : (random_.fraction() - 0.5) * static_cast<double>(whole());
  }

  void fill_map(Message& message, const FieldDescriptor& field, int depth) {
    const auto type = field.message_type()->map_value()->cpp_type();
    for (std::uint64_t n = random_.below(4); n > 0; --n) {
      auto slot = json::map_slot(message, field, random_.below(2) == 0 ? name() : text());
      switch (type) {
        case FieldDescriptor::CPPTYPE_STRING: slot.SetStringValue(text()); break;
        case FieldDescriptor::CPPTYPE_BOOL: slot.SetBoolValue(random_.below(2) == 0); break;
        case FieldDescriptor::CPPTYPE_INT32:
          slot.SetInt32Value(static_cast<std::int32_t>(whole()));
          break;
        case FieldDescriptor::CPPTYPE_UINT64: slot.SetUInt64Value(random_.next()); break;
        case FieldDescriptor::CPPTYPE_DOUBLE: slot.SetDoubleValue(real()); break;
        case FieldDescriptor::CPPTYPE_MESSAGE: nested(*slot.MutableMessageValue(), depth); break;
        default: break;
      }
    }
  }

  void nested(Message& message, int depth) {
    if (message.GetDescriptor()->full_name() == "google.protobuf.Struct") {
      members(static_cast<google::protobuf::Struct&>(message), 3, of_a_file_);
    } else if (depth > 0) {
      fill(message, depth - 1);
    }
  }

  void members(google::protobuf::Struct& target, int depth, bool top_level) {
    for (std::uint64_t n = random_.below(4); n > 0; --n) {
      Value& member = (*target.mutable_fields())[top_level ? name() : text()];
      value(member, depth, !top_level);
    }
  }

  void value(Value& target, int depth, bool objects) {
    target.Clear();
    switch (random_.below(depth > 0 ? 6 : 4)) {
      case 0: target.set_bool_value(random_.below(2) == 0); break;
      case 1: target.set_number_value(real()); break;
      case 2: target.set_string_value(text()); break;
      case 3: target.set_null_value(google::protobuf::NULL_VALUE); break;
      case 4: {
        auto& list = *target.mutable_list_value();
        for (std::uint64_t n = random_.below(4); n > 0; --n) {
          value(*list.add_values(), depth - 1, true);
        }
        break;
      }
      default:
        if (objects) {
          members(*target.mutable_struct_value(), depth - 1, false);
        } else {
          target.set_string_value(text());
        }
    }
  }

  void set(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(&message, &field, random_.below(2) == 0);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, &field, static_cast<std::int32_t>(whole()));
      case FieldDescriptor::CPPTYPE_INT64: return reflection.SetInt64(&message, &field, whole());
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(&message, &field,
                                    static_cast<std::uint32_t>(random_.below(200)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(&message, &field, random_.below(1000));
      case FieldDescriptor::CPPTYPE_DOUBLE: return reflection.SetDouble(&message, &field, real());
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&message, &field, text_for(field));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return nested(*reflection.MutableMessage(&message, &field), depth);
      default: return;
    }
  }

  void add(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: return reflection.AddString(&message, &field, text());
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.AddInt32(&message, &field, static_cast<std::int32_t>(whole()));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth == 0) return;
        nested(*reflection.AddMessage(&message, &field), depth);
        if (field.options().GetExtension(model::keyed_by_label)) tell_apart(message, field);
        return;
      default: return;
    }
  }

  // The keys of a JSON object: no two of the list may share a label.
  static void tell_apart(Message& message, const FieldDescriptor& field) {
    const int last = message.GetReflection()->FieldSize(message, &field) - 1;
    Message& added = *message.GetReflection()->MutableRepeatedMessage(&message, &field, last);
    for (int i = 0; i < added.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& label = *added.GetDescriptor()->field(i);
      if (!label.options().GetExtension(model::block_label)) continue;
      const Reflection& reflection = *added.GetReflection();
      reflection.SetString(&added, &label,
                           reflection.GetString(added, &label) + std::to_string(last));
    }
  }

  Random& random_;
  bool of_a_file_;
};

// Ports as the decoder leaves them: those with a number first, in lists of their own.
void add_ports(model::NetworkResource& network, Random& random) {
  for (int i = 0; i < 3; ++i) {
    const bool reserved = random.below(2) == 0;
    model::Port& port = *(reserved ? network.add_reserved_ports() : network.add_dynamic_ports());
    port.set_label("p" + std::to_string(i));
    if (reserved) port.set_static_(static_cast<std::int32_t>(1 + random.below(60'000)));
  }
}

void settle(model::Task& task, Random& random) {
  for (model::ScalingPolicy& scaling : *task.mutable_scaling()) {
    scaling.set_type(random.below(2) == 0 ? "vertical_cpu" : "vertical_mem");
  }
  for (int i = 0; i < task.identity_size(); ++i) {
    task.mutable_identity(i)->set_name("i" + std::to_string(i));
  }
  if (random.below(2) == 0) task.mutable_default_identity()->set_env(true);
  for (auto& network : *task.mutable_resources()->mutable_network()) add_ports(network, random);
}

}  // namespace

void fill(Message& message, Random& random) { Filler(random, false).fill(message, 5); }

model::Job any_job_of_a_file(Random& random) {
  model::Job job;
  Filler(random, true).fill(job, 5);
  job.set_id("job");
  for (model::TaskGroup& group : *job.mutable_group()) {
    for (int i = 0; i < group.volume_size(); ++i) {
      group.mutable_volume(i)->set_name("v" + std::to_string(i));
    }
    for (auto& network : *group.mutable_network()) add_ports(network, random);
    for (model::Task& task : *group.mutable_task()) settle(task, random);
  }
  return job;
}

}  // namespace yurt::jobspec
