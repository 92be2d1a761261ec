// PackedTaskStates: what an agent reported of an allocation's tasks, as servers hold it.
//
// Thousands of allocations have the same story but for its times. So the times lie apart, and the
// rest (the form) is one string that all of them share. An immutable value; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace yurt::model {
class TaskStates;
}

namespace yurt {

class PackedTaskStates {
  using Form = std::shared_ptr<const std::string>;
  struct Token {};  // only members have one

 public:
  PackedTaskStates(Token, Form form, std::string times)
      : form_(std::move(form)), times_(std::move(times)) {}

  // Deterministic: equal states give equal bytes.
  [[nodiscard]] static std::shared_ptr<const PackedTaskStates> pack(model::TaskStates states);
  [[nodiscard]] model::TaskStates unpack() const;

  // How it is stored. from_bytes() takes what to_bytes() gave; null for anything else.
  void append_to(std::string& out) const;
  [[nodiscard]] static std::shared_ptr<const PackedTaskStates> from_bytes(std::string_view bytes);

 private:
  // The one object with this text, among all that are alive.
  static Form shared_form(std::string_view text);

  Form form_;          // serialized TaskStates whose times are all 0
  std::string times_;  // varints, in the order in which the form is walked
};

}  // namespace yurt
