// EventRing: the newest applied batches, kept for subscribers of the event stream.
//
// While nobody listens, a batch costs the apply thread one pointer; events are made by whoever
// reads a batch first. Readers pull at their own pace; one that falls behind what is kept is told
// so. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "server/events/event.h"
#include "server/state/changes.h"

namespace yurt::server {

class EventRing final : public ChangeListener {
 public:
  // `kept_commands`: how far back a new subscriber can begin.
  explicit EventRing(std::size_t kept_commands) : kept_commands_(kept_commands) {}

  using ReaderId = std::uint64_t;
  // A reader that begins after the change at `index`, or with the oldest that is kept; 0: with what
  // comes next. `wake` is called on the apply thread after each batch; it must be quick.
  [[nodiscard]] ReaderId add_reader(std::uint64_t index, std::function<void()> wake);
  void remove_reader(ReaderId id);

  enum class Outcome { events, none, behind };
  // The next batch's events (possibly none of interest). behind: what came next is gone, or the
  // whole state is another one; the reader has to begin anew.
  [[nodiscard]] Outcome next(ReaderId id, std::shared_ptr<const std::vector<EventGroup>>& out);

  void on_changes(const ChangesRef& changes) override;

 private:
  struct Batch {
    explicit Batch(ChangesRef of) : changes(std::move(of)) {}
    const ChangesRef changes;
    std::once_flag made;
    std::shared_ptr<const std::vector<EventGroup>> events;
  };
  struct Reader {
    std::uint64_t position = 0;     // of the next batch
    std::uint64_t after_index = 0;  // what is not newer is left out
    std::function<void()> wake;
  };
  void trim();

  const std::size_t kept_commands_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Batch>> batches_;
  std::uint64_t first_ = 0;   // position of batches_.front()
  std::size_t commands_ = 0;  // in all batches
  std::unordered_map<ReaderId, Reader> readers_;
  ReaderId last_reader_ = 0;
};

}  // namespace yurt::server
