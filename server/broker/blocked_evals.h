// BlockedEvals: evaluations that wait for room. Leader only; rebuilt from state.
//
// Each waits until something it could use changes: a node of a class that is eligible for it, or
// that it has not seen, becomes ready or frees resources; any change at all when its constraints
// look at what is unique to a node. At most one per job waits: the newest. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/state/tables.h"

namespace yurt::server {

class BlockedEvals {
 public:
  struct Blocked {
    EvalRef superseded;  // an older one of the same job, to be cancelled; null: none
    bool ready = false;  // what it waits for happened while it was being scheduled: try it at once
  };
  // `eval` is blocked; it was scheduled against the state at eval->snapshot_index().
  [[nodiscard]] Blocked block(const EvalRef& eval);
  // The job no longer waits: everything was placed, or the job was stopped. Returns what waited, to
  // be cancelled.
  [[nodiscard]] std::vector<EvalRef> untrack(const JobKey& job);
  void forget(const EvalId& id);

  // A node of `computed_class` has become able to take more, by the change at `index`. Returns the
  // evaluations worth another try; they are no longer tracked.
  [[nodiscard]] std::vector<EvalRef> unblock_class(const std::string& computed_class,
                                                   std::uint64_t index);
  // A node came that system jobs may want.
  [[nodiscard]] std::vector<EvalRef> unblock_node(const NodeId& node);
  // Everything, e.g. because the scheduler's configuration changed.
  [[nodiscard]] std::vector<EvalRef> unblock_all(std::uint64_t index);

  [[nodiscard]] std::size_t size() const;

 private:
  // Blocked evaluations of system jobs wait per node, all others per job.
  struct Key {
    JobKey job;
    std::string node_id;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<JobKey>()(key.job) ^ std::hash<std::string>()(key.node_id);
    }
  };
  static Key key_of(const model::Evaluation& eval);
  static bool wants(const model::Evaluation& eval, const std::string& computed_class);

  mutable std::mutex mutex_;
  std::unordered_map<Key, EvalRef, KeyHash> blocked_;
  std::unordered_map<std::string, std::uint64_t> class_unblocked_at_;
  std::uint64_t all_unblocked_at_ = 0;
};

}  // namespace yurt::server
