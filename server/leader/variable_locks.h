// VariableLocks: which locks of variables were not renewed in time. Leader only.
//
// Times are steady nanoseconds, an argument. A new leader has not seen the renewals before its time
// and gives every lock its whole TTL again. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "server/state/changes.h"
#include "server/state/snapshot.h"

namespace yurt::model {
class Command;
}

namespace yurt::server {

class VariableLocks {
 public:
  // Knows all locks of the state.
  void restore(const Snapshot& state, std::int64_t now_ns);
  void note(const Changes& changes, std::int64_t now_ns);
  // The commands that end the locks whose time is over; they are told again until they are gone.
  [[nodiscard]] std::vector<model::Command> expire(std::int64_t now_ns);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Held {
    std::string lock_id;
    std::int64_t ttl_ns = 0;
    std::int64_t deadline_ns = 0;
  };
  void hold(const JobKey& key, const model::SealedVariable& variable, std::int64_t now_ns);

  mutable std::mutex mutex_;
  std::map<JobKey, Held> held_;
};

}  // namespace yurt::server
