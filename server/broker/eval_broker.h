// EvalBroker: which evaluation a scheduler worker takes next. Leader only; rebuilt from state.
//
// Order: priority, then creation. At most one evaluation per job is out at a time; of those that
// waited behind it only the newest is kept and the older ones are reported as superseded. An
// evaluation that is not answered in time, or is given back, comes again later; after the third try
// it is reported as failed. Evaluations with a future wait_until are held until then.
//
// Thread-safe. Time (steady and wall, nanoseconds) is an argument. Source of the numbers: Nomad's
// documented eval_nack_timeout, eval_delivery_limit and its redelivery delays.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "server/state/tables.h"

namespace yurt::server {

struct BrokerFigures {
  std::size_t ready = 0, outstanding = 0, waiting = 0, delayed = 0;
};

class EvalBroker {
 public:
  static constexpr std::int64_t nack_timeout_ns = 60 * nanoseconds_per_second;
  static constexpr int delivery_limit = 3;

  explicit EvalBroker(Clock& clock) : clock_(clock) {}

  // Adds an evaluation, pending or (to be tried again) blocked, unless it is here already.
  void enqueue(const EvalRef& eval);

  struct Delivery {
    EvalRef eval;
    std::uint64_t token = 0;  // names this delivery; an answer with an old one has no effect
    int attempt = 1;
  };
  // Blocks until an evaluation is ready and returns up to `max` of them; empty after poke() or
  // stop().
  [[nodiscard]] std::vector<Delivery> dequeue(std::size_t max);
  // The evaluation is dealt with.
  void ack(const EvalId& id, std::uint64_t token);
  // It could not be dealt with; it comes again after a delay.
  void nack(const EvalId& id, std::uint64_t token);

  // What the leader must write: superseded evaluations (to cancel) and those out of tries (to
  // fail). Each is handed out once.
  struct Verdicts {
    std::vector<EvalRef> superseded, failed;
  };
  [[nodiscard]] Verdicts take_verdicts();

  // Moves what is due; call about every 100 ms.
  void tick();
  [[nodiscard]] BrokerFigures figures() const;
  // Makes one dequeue() return, so that its caller can see to something else.
  void poke();
  void stop();
  [[nodiscard]] bool stopped() const;

 private:
  struct Order {
    int priority = 0;
    std::uint64_t create_index = 0;
    EvalId id;
    bool operator<(const Order& other) const {
      if (priority != other.priority) return priority > other.priority;
      if (create_index != other.create_index) return create_index < other.create_index;
      return id < other.id;
    }
  };
  struct Entry {
    EvalRef eval;
    int attempts = 0;
    std::uint64_t token = 0;     // 0: not out
    std::int64_t answer_by = 0;  // steady
  };
  struct JobQueue {
    std::optional<EvalId> active;  // ready or out
    std::set<Order> waiting;
  };

  static Order order_of(const model::Evaluation& eval);
  void admit(const EvalId& id);
  void settle(const EvalId& id, bool again);
  void erase(const EvalId& id);

  Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable ready_signal_;
  bool stopping_ = false;
  bool poked_ = false;
  std::uint64_t next_token_ = 1;
  std::unordered_map<EvalId, Entry> entries_;
  std::set<Order> ready_;
  std::unordered_map<JobKey, JobQueue> jobs_;
  std::multimap<std::int64_t, EvalId> delayed_;    // by wall time
  std::multimap<std::int64_t, EvalId> redeliver_;  // by steady time
  std::unordered_set<EvalId> out_;
  Verdicts verdicts_;
};

}  // namespace yurt::server
