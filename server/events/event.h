// Events: what subscribers of the event stream hear of applied commands, in Nomad's shapes.
//
// An event is made from a row as one command left it; its type is named after the command. Made
// only when somebody listens, off the apply thread. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/state/changes.h"

namespace yurt::server {

struct Event {
  std::string_view topic;  // "Job", "Allocation", …
  std::string ns;          // "" for what belongs to none
  std::string key;
  std::vector<std::string> filter_keys;
  std::string json;  // the whole event, the payload included
};

// All events of one index.
struct EventGroup {
  std::uint64_t index = 0;
  std::vector<Event> events;
};

// The events of a batch of commands, in order.
[[nodiscard]] std::vector<EventGroup> events_of(const Changes& changes);

// What one subscriber wants to hear.
class EventFilter {
 public:
  // `topics` as in the request: "Job:web", "Allocation:*", "*"; none = everything. `ns` "*" = all.
  // invalid_argument names the wrong one.
  [[nodiscard]] static Result<EventFilter> parse(const std::vector<std::string>& topics,
                                                 std::string ns);
  [[nodiscard]] bool wants(const Event& event) const;
  // {"Index":…,"Events":[…]} of what it wants; "" when that is nothing.
  [[nodiscard]] std::string line(const EventGroup& group) const;

 private:
  struct Topic {
    std::string name, key;  // "*" = any
  };
  std::vector<Topic> topics_;
  std::string ns_;
};

}  // namespace yurt::server
