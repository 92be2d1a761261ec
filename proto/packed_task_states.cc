#include "proto/packed_task_states.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "proto/state.pb.h"

namespace yurt {
namespace {

void put_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// 0 when the bytes end early: a form read with too few times has none where they lack.
std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; !bytes.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

// Each time as the step from the one before; an absent one (0) is 0 and no step.
class TimeWriter {
 public:
  std::int64_t operator()(std::int64_t time) {
    if (time == 0) {
      put_varint(0, out_);
      return 0;
    }
    // Unsigned, since nothing stops an agent from reporting absurd times.
    const std::uint64_t step = static_cast<std::uint64_t>(time) - last_;
    const std::uint64_t zigzag = step << 1 ^ (step >> 63 == 1 ? ~std::uint64_t{0} : 0);
    // The one step that has no successor (of 292 years) is kept a nanosecond short.
    put_varint(std::max(zigzag, zigzag + 1), out_);
    last_ = static_cast<std::uint64_t>(time);
    return 0;
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::uint64_t last_ = 0;
};

class TimeReader {
 public:
  explicit TimeReader(std::string_view bytes) : bytes_(bytes) {}
  std::int64_t operator()(std::int64_t) {
    const std::uint64_t stored = take_varint(bytes_);
    if (stored == 0) return 0;
    const std::uint64_t zigzag = stored - 1;
    last_ += zigzag >> 1 ^ (~(zigzag & 1) + 1);
    return static_cast<std::int64_t>(last_);
  }

 private:
  std::string_view bytes_;
  std::uint64_t last_ = 0;
};

// Replaces every time by what `change` makes of it, always in the same order.
template <typename Change>
void walk(model::TaskStates& states, Change& change) {
  std::vector<std::string> names;
  for (const auto& [name, state] : states.tasks()) names.push_back(name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    model::TaskState& state = states.mutable_tasks()->at(name);
    state.set_started_at(change(state.started_at()));
    state.set_finished_at(change(state.finished_at()));
    state.set_last_restart(change(state.last_restart()));
    for (auto& event : *state.mutable_events()) event.set_time(change(event.time()));
  }
}

// Map fields have no order of their own; replicas must store the same bytes.
std::string deterministic_bytes(const model::TaskStates& states) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  states.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

PackedTaskStates::Form PackedTaskStates::shared_form(std::string_view text) {
  struct Pool {
    std::mutex mutex;
    std::unordered_map<std::string_view, std::weak_ptr<const std::string>> forms;
  };
  // Never destroyed: forms may outlive every other object with static storage.
  static Pool& pool = *new Pool;
  struct Leave {
    void operator()(const std::string* form) const {
      {
        const std::lock_guard lock(pool.mutex);
        const auto found = pool.forms.find(*form);
        // A successor with the same text may have taken the place.
        if (found != pool.forms.end() && found->first.data() == form->data()) {
          pool.forms.erase(found);
        }
      }
      delete form;
    }
  };
  const std::lock_guard lock(pool.mutex);
  const auto found = pool.forms.find(text);
  if (found != pool.forms.end()) {
    if (Form form = found->second.lock()) return form;
    pool.forms.erase(found);
  }
  Form form(new std::string(text), Leave());
  pool.forms.emplace(*form, form);
  return form;
}

std::shared_ptr<const PackedTaskStates> PackedTaskStates::pack(model::TaskStates states) {
  TimeWriter writer;
  walk(states, writer);
  return std::make_shared<const PackedTaskStates>(Token(), shared_form(deterministic_bytes(states)),
                                                  writer.take());
}

model::TaskStates PackedTaskStates::unpack() const {
  model::TaskStates states;
  // The form was serialized here, or checked when it was read.
  states.ParsePartialFromString(*form_);
  TimeReader reader(times_);
  walk(states, reader);
  return states;
}

void PackedTaskStates::append_to(std::string& out) const {
  put_varint(times_.size(), out);
  out += times_;
  out += *form_;
}

std::shared_ptr<const PackedTaskStates> PackedTaskStates::from_bytes(std::string_view bytes) {
  const std::uint64_t length = take_varint(bytes);
  if (length > bytes.size()) return nullptr;
  std::string times(bytes.substr(0, length));
  return std::make_shared<const PackedTaskStates>(Token(), shared_form(bytes.substr(length)),
                                                  std::move(times));
}

}  // namespace yurt
