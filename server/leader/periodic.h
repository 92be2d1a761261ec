// PeriodicLaunches: when each periodic job is to be launched next.
//
// Kept by the leader and rebuilt from the state when it starts: a launch is due when the schedule
// has had one since the last launch that the state knows (or since the job was registered as it
// is). However many were missed, by a change of leader or a clock set forward, the job is launched
// once, for the last of them. Whether a launch may overlap the one before is decided when the
// command is applied. A job that is disabled or stopped has no due time. Not thread-safe; time is
// an argument (Unix nanoseconds).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "jobspec/cron/schedule.h"
#include "server/state/changes.h"
#include "server/state/snapshot.h"

namespace yurt::model {
class Command;
}

namespace yurt::server {

// By how much launches of this job are put off: a part of its jitter, always the same.
[[nodiscard]] std::int64_t launch_delay_ns(const model::Job& job);

// The periodic jobs among those that changed, or that were periodic before.
void note_periodic_jobs(const Changes& changes, std::set<JobKey>& jobs);

[[nodiscard]] std::set<JobKey> periodic_jobs(const Snapshot& state);

class PeriodicLaunches {
 public:
  // Works out anew when these jobs are due; forgets those that are gone.
  void look_at(const Snapshot& state, const std::set<JobKey>& jobs);

  // A LaunchPeriodic command for each job that is due. What they bring about is seen by look_at();
  // without that, a job is due again a few seconds later.
  [[nodiscard]] std::vector<model::Command> take_due(const Snapshot& state, std::int64_t now_ns,
                                                     Random& random);

  // When the next launch of any job is due.
  [[nodiscard]] std::optional<std::int64_t> next_due() const;

 private:
  struct Tracked {
    JobRef job;  // whose schedule it is
    jobspec::Schedule schedule;
    std::int64_t since_ns = 0;  // launches up to here have been
    std::int64_t due_ns = 0;
  };

  void forget(const JobKey& key);
  void look_at_one(const JobKey& key, const JobRecord& record);

  std::map<JobKey, Tracked> jobs_;
  std::set<std::pair<std::int64_t, JobKey>> by_due_;
};

}  // namespace yurt::server
