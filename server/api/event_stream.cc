// The event stream: lines of JSON, each with the events of one index that the caller wants.
#include <mutex>

#include "server/api/executor.h"
#include "server/api/operations.h"
#include "server/api/request_options.h"
#include "server/events/event_ring.h"

namespace yurt::server {
namespace {

constexpr std::int64_t event_heartbeat_ns = 30 * nanoseconds_per_second;
// How much may be on its way to the caller; beyond that events wait in the ring.
constexpr std::size_t window_bytes = 1 << 20;

// One subscriber. Works on the executor, one run at a time.
class Subscription : public std::enable_shared_from_this<Subscription> {
 public:
  Subscription(const Serving& serving, EventFilter filter, StreamEvents events)
      : serving_(serving), filter_(std::move(filter)), events_(std::move(events)) {}

  void start(std::uint64_t index) {
    const std::weak_ptr<Subscription> weak = weak_from_this();
    const auto reader = serving_.core.events().add_reader(index, [weak] {
      if (const auto self = weak.lock()) self->wake();
    });
    bool abandoned = false;
    {
      const std::lock_guard lock(mutex_);
      reader_ = reader;
      abandoned = over_;
    }
    if (abandoned) return serving_.core.events().remove_reader(reader);
    send("{}", 0);
    beat();
    wake();
  }

  void consumed(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      on_the_way_ -= std::min(on_the_way_, bytes);
    }
    wake();
  }

  void abandon() {
    EventRing::ReaderId reader = 0;
    {
      const std::lock_guard lock(mutex_);
      events_ = {};
      over_ = true;
      reader = reader_;
    }
    serving_.core.events().remove_reader(reader);
  }

 private:
  void wake() {
    if (asked_.exchange(true)) return;
    serving_.executor.post([self = shared_from_this()] { self->pump(); });
  }

  void pump() {
    const std::lock_guard one_at_a_time(pump_mutex_);
    asked_ = false;
    while (has_room()) {
      std::shared_ptr<const std::vector<EventGroup>> groups;
      const auto outcome = serving_.core.events().next(reader_, groups);
      if (outcome == EventRing::Outcome::none) return;
      if (outcome == EventRing::Outcome::behind) {
        return end(Error{ErrorCode::resource_exhausted,
                         "the subscriber fell behind, and events it has not seen are gone: read "
                         "the state again and subscribe from its index"});
      }
      for (const EventGroup& group : *groups) {
        std::string line = filter_.line(group);
        if (!line.empty()) send(std::move(line), group.index);
      }
    }
  }

  bool has_room() {
    const std::lock_guard lock(mutex_);
    return !over_ && on_the_way_ < window_bytes;
  }

  void send(std::string line, std::uint64_t index) {
    const std::size_t bytes = line.size() + 1;
    auto message = std::make_unique<model::EventLine>();
    message->set_json(std::move(line));
    message->set_index(index);
    const std::lock_guard lock(mutex_);
    if (over_) return;
    on_the_way_ += bytes;
    last_sent_ns_ = serving_.core.clock().steady_ns();
    events_.on_message(Body{std::move(message), {}}, bytes);
  }

  void end(Status status) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(over_, true)) return;
    events_.on_end(std::move(status));
  }

  // A sign of life whenever nothing was said for long enough.
  void beat() {
    std::int64_t due_ns = 0;
    {
      const std::lock_guard lock(mutex_);
      if (over_) return;
      due_ns = last_sent_ns_ + event_heartbeat_ns;
    }
    serving_.core.when_changed({}, 0, due_ns, [weak = weak_from_this(), due_ns] {
      const auto self = weak.lock();
      if (!self) return;
      self->serving_.executor.post([self, due_ns] {
        bool idle = false;
        {
          const std::lock_guard lock(self->mutex_);
          idle = self->last_sent_ns_ + event_heartbeat_ns <= due_ns;
        }
        if (idle) self->send("{}", 0);
        self->beat();
      });
    });
  }

  const Serving serving_;
  const EventFilter filter_;
  EventRing::ReaderId reader_ = 0;
  std::atomic<bool> asked_ = false;
  std::mutex pump_mutex_;
  std::recursive_mutex mutex_;
  StreamEvents events_;
  std::size_t on_the_way_ = 0;
  std::int64_t last_sent_ns_ = 0;
  bool over_ = false;
};

class EventCall final : public CallStream {
 public:
  explicit EventCall(std::shared_ptr<Subscription> subscription)
      : subscription_(std::move(subscription)) {}
  ~EventCall() override { subscription_->abandon(); }
  bool send(Body) override { return false; }
  void finish_sending() override {}
  void consumed(std::size_t bytes) override { subscription_->consumed(bytes); }

 private:
  const std::shared_ptr<Subscription> subscription_;
};

Result<std::unique_ptr<CallStream>> stream_events(const Serving& serving,
                                                  const model::EventStreamRequest& request,
                                                  StreamEvents events) {
  const std::string& ns = request.query().namespace_();
  YURT_ASSIGN(EventFilter filter,
              EventFilter::parse({request.topic().begin(), request.topic().end()},
                                 ns.empty() ? std::string(default_namespace) : ns));
  auto subscription = std::make_shared<Subscription>(serving, std::move(filter), std::move(events));
  auto call = std::make_unique<EventCall>(subscription);
  // The caller holds the stream before the first line comes.
  serving.executor.post(
      [subscription, index = request.query().index()] { subscription->start(index); });
  return std::unique_ptr<CallStream>(std::move(call));
}

}  // namespace

void add_event_operations(OperationTable& table) {
  table.stream<model::EventStreamRequest, model::EventLine>("StreamEvents", Access::local,
                                                            &stream_events);
}

}  // namespace yurt::server
