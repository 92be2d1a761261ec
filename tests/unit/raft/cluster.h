// Cluster: a few cores under a test's full control, for scenarios told step by step.
//
// Nothing happens by itself: pump() delivers messages and syncs disks until all is quiet, elapse()
// lets time pass; links can be cut, disks held, servers crashed. Not thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/core/core.h"
#include "raft/sim/history.h"
#include "raft/sim/sim_disk.h"

namespace yurt::raft {

class Cluster {
 public:
  static constexpr std::int64_t ms = 1'000'000;

  struct Server {
    sim::SimDisk disk;
    std::unique_ptr<Core> core;
    bool disk_held = false;     // writes wait until sync()
    bool apply_held = false;    // committed entries wait
    std::int64_t ahead_ns = 0;  // its clock is ahead of now_ns() by this; may only grow
    Index applied = 0;
    std::vector<std::string> commands;  // applied, as text
    std::vector<Answer> answers;
    std::vector<ReadAnswer> reads;
    std::vector<SendSnapshot> snapshots;
    std::vector<PeerId> caught_up;
    std::optional<SnapshotMeta> install;
    std::vector<Message> sent;  // everything it ever sent
  };

  // Servers 1..count, all voters, bootstrapped; nobody leads yet.
  explicit Cluster(int count, CoreOptions options = {}, Mutations mutations = {});

  Server& operator[](PeerId id) { return servers_.at(id); }
  [[nodiscard]] Core& core(PeerId id) { return *servers_.at(id).core; }
  // Starts one more server, which holds nothing and is no member.
  void add_blank(PeerId id);

  // One event; its output is carried out: writes wait or are synced, messages travel with pump().
  void step(PeerId id, Event event);
  // Delivers and syncs until nothing is under way.
  void pump();
  // Time passes, 10 ms at a time, with a tick for everybody up, and pump(). The
  // lower a server's id, the sooner its election timeout.
  void elapse(std::int64_t duration_ms);
  // Only `id`'s clock ticks, until it starts an election; its messages wait.
  void campaign(PeerId id);
  // Makes `id` the leader by campaign() and pump().
  void elect(PeerId id);
  // Time passes for everybody, but nobody is told.
  void pass(std::int64_t duration_ms) { now_ns_ += duration_ms * ms; }

  // Every clock but `slow`'s gains so much more.
  void others_gain(PeerId slow, std::int64_t duration_ms);

  void cut(PeerId from, PeerId to) { cut_.insert({from, to}); }
  void isolate(PeerId id);
  void heal() { cut_.clear(); }
  void sync(PeerId id);
  // Power fails: held writes are lost.
  void crash(PeerId id);
  void restart(PeerId id);
  [[nodiscard]] bool up(PeerId id) { return servers_.at(id).core != nullptr; }

  // Proposes `text` at `id`; the answer.
  Answer propose(PeerId id, const std::string& text);
  // Reads at `id`: what has been answered so far; null while it waits.
  std::optional<ReadAnswer> read(PeerId id);
  std::optional<ReadAnswer> answer_of_read(PeerId id);  // of the last read() there
  Answer change(PeerId id, MembershipChange change, PeerId peer);
  [[nodiscard]] PeerId leader();
  // The term of each entry from 1 on, e.g. "1 2 2".
  [[nodiscard]] std::string terms(PeerId id);
  // Messages waiting to be delivered; tests may look, drop or reorder.
  std::deque<Message>& wire() { return wire_; }
  // Delivers the first waiting message that satisfies `wanted`; false when there is none.
  bool deliver(const std::function<bool(const Message&)>& wanted);
  // Drops all waiting messages.
  void drop_all() { wire_.clear(); }

  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }

 private:
  void start(PeerId id);
  void carry_out(PeerId id);
  bool apply(PeerId id);

  CoreOptions options_;
  Mutations mutations_;
  std::map<PeerId, Server> servers_;
  std::map<PeerId, std::deque<Entry>> to_apply_;
  sim::History history_;
  std::deque<Message> wire_;
  std::set<std::pair<PeerId, PeerId>> cut_;
  std::int64_t now_ns_ = 1'000'000'000;
  std::uint64_t next_token_ = 1;
  std::map<PeerId, std::uint64_t> last_read_;
};

// True when `message` is of type Body and goes from `from` to `to`.
template <typename Body>
[[nodiscard]] bool is(const Message& message, PeerId from, PeerId to) {
  return std::holds_alternative<Body>(message.body) && message.from == from && message.to == to;
}

}  // namespace yurt::raft
