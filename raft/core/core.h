// Core: the Raft protocol as a pure step function (Ongaro, "Consensus: Bridging Theory and
// Practice", 2014; sections are cited in the code).
//
// No thread, clock, disk or socket inside: the shell gives it events with the time and takes its
// output.
//
//   for each wake: for (event : mailbox) core.step(now_ns, std::move(event));
//                  Output out = core.take_output();  // carry out
//
// Many events may be stepped before one take_output(): appends to peers, the disk write and
// committed entries are gathered, so a batch of proposals costs one message per peer and one write.
//
// What waits for what is decided here, not in the shell: messages and counts that depend on the
// disk are held back until a Persisted event covers them (core/outbox.h). A shell must only (1)
// carry out Write batches in order, atomically and synced; (2) report Persisted for nothing that a
// crash could take back; (3) take now_ns from one clock, after taking the events from its mailbox
// (a lease is judged at now_ns, so a read must not be younger than the time it is judged at).
//
// Ownership: the LogReader is the caller's and must outlive the Core. Not thread-safe.
// Errors: input that is wrong for reasons outside the program is answered with a Refusal; a broken
// invariant aborts (YURT_ASSERT), for going on could lose acknowledged data.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "raft/core/event.h"
#include "raft/core/log_reader.h"
#include "raft/core/mutations.h"
#include "raft/core/options.h"
#include "raft/core/output.h"

namespace yurt::raft {

// How a leader sees one peer.
enum class PeerMode : std::uint8_t {
  probe,      // looking for where the logs part: one append at a time
  replicate,  // sending ahead of the answers, within the limits in flight
  snapshot,   // the log no longer reaches back far enough: waiting for SnapshotSent
};

struct PeerView {
  PeerId id = 0;
  PeerMode mode = PeerMode::probe;
  Index match = 0;  // durable there
  Index next = 0;   // to be sent next
  std::size_t inflight_appends = 0;
  std::size_t inflight_bytes = 0;
  std::int64_t last_answer_ns = 0;
  bool caught_up = false;
};

class Core {
 public:
  // Starts as a follower. `now_ns` as for step(). REQUIRES: `state` as CoreState says.
  Core(const CoreOptions& options, const CoreState& state, LogReader& log, std::int64_t now_ns,
       const Mutations& mutations = {});
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Takes in one event. `now_ns`: a steady clock, never going back.
  void step(std::int64_t now_ns, Event event);

  // What the events since the last call want done. Cheap when there is nothing.
  [[nodiscard]] Output take_output();

  [[nodiscard]] const RoleState& role() const;
  [[nodiscard]] HardState hard_state() const;  // in memory; maybe not durable yet
  [[nodiscard]] Index start_index() const;     // the last entry that was dropped
  [[nodiscard]] Index last_index() const;
  [[nodiscard]] Index durable_index() const;  // up to here the log in memory is on the local disk
  [[nodiscard]] Index commit_index() const;
  [[nodiscard]] Index applied_index() const;
  // When the leader was last heard, by step()'s clock; the present while leading.
  [[nodiscard]] std::int64_t leader_contact_ns() const;
  // The configuration in force: the newest in the log.
  [[nodiscard]] const Configuration& configuration() const;
  // The leader's view of its peers, ascending by id; empty on others.
  [[nodiscard]] std::vector<PeerView> peers() const;

  // The description of a snapshot of everything up to `index`.
  // REQUIRES: start_index() <= index <= applied_index(), index > 0
  [[nodiscard]] SnapshotMeta describe_snapshot(Index index) const;

  // The term of the entry at `index`; 0 when it is not in the log (start_index() still is).
  [[nodiscard]] Term term_at(Index index) const;

  // A copy that reads older entries from `log`. For searches that branch (raft/sim/).
  [[nodiscard]] Core clone(LogReader& log) const;
  // The whole state as text, without times: equal texts behave alike. For searches and debugging.
  [[nodiscard]] std::string describe() const;

 private:
  class Node;
  explicit Core(std::unique_ptr<Node> node);
  std::unique_ptr<Node> node_;
};

}  // namespace yurt::raft
