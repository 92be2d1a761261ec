// DeploymentWatcher: the leader's eye on live deployments. Says what to propose for those that
// moved or whose time is up, and nothing for the rest, however many there are.
//
// Rebuilt from state alone. note() is called on the apply thread, look() on the timers' thread;
// failed() on any. Times are Unix nanoseconds.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/random.h"
#include "proto/command.pb.h"
#include "server/state/changes.h"
#include "server/state/snapshot.h"

namespace yurt::server {

class DeploymentWatcher {
 public:
  // `random` makes the IDs of evaluations and must outlive the watcher.
  explicit DeploymentWatcher(Random& random) : random_(random) {}

  // Every live deployment is looked at, as if all had moved.
  void restore(const Snapshot& state);
  void note(const Changes& changes);

  struct Proposal {
    model::Command command;
    std::vector<DeploymentId> about;
  };
  // What to do now. The evaluations of all deployments whose health has moved are one command.
  [[nodiscard]] std::vector<Proposal> look(const Snapshot& state, std::int64_t now_ns);

  // A proposal came to nothing: its deployments are looked at again.
  void failed(const Proposal& proposal);

 private:
  [[nodiscard]] std::optional<model::Command> act(const Snapshot& state, const DeploymentRef& row,
                                                  std::int64_t now_ns, bool moved,
                                                  model::UpsertEvaluations& evaluations);

  Random& random_;
  std::mutex mutex_;
  std::map<DeploymentId, std::int64_t> due_;  // live ones: when to look; 0: when they move
  std::set<DeploymentId> changed_;            // looked at next
  std::set<DeploymentId> moved_;              // of those, where health moved: evaluated again
};

}  // namespace yurt::server
