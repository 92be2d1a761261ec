#include "server/leader/periodic.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "server/new_evals.h"

namespace yurt::server {
namespace {

// A launch that was proposed and has not come about is proposed again after this.
constexpr std::int64_t propose_again_ns = 5 * nanoseconds_per_second;

bool is_launched(const JobRecord& record) {
  const model::Job& job = *record.job;
  return job.has_periodic() && job.periodic().enabled() && !job.stop();
}

// The last launch in (since_ns, until_ns]. REQUIRES: there is one. Looks back in growing steps,
// since there may have been very many.
std::int64_t last_launch(const jobspec::Schedule& schedule, std::int64_t since_ns,
                         std::int64_t until_ns) {
  std::int64_t from = since_ns;
  for (std::int64_t step = nanoseconds_per_second; step < until_ns - since_ns; step *= 2) {
    const auto next = schedule.next(until_ns - step);
    if (!next || *next > until_ns) continue;
    from = until_ns - step;
    break;
  }
  std::int64_t last = *schedule.next(from);
  for (auto next = schedule.next(last); next && *next <= until_ns; next = schedule.next(last)) {
    last = *next;
  }
  return last;
}

}  // namespace

std::int64_t launch_delay_ns(const model::Job& job) {
  const std::int64_t jitter = job.periodic().jitter();
  if (jitter <= 0) return 0;
  // Names that differ little must lie far apart.
  std::uint64_t spread = job_hash(job.namespace_(), job.id());
  spread = (spread ^ (spread >> 32)) * 0x9e3779b97f4a7c15U;
  return static_cast<std::int64_t>((spread ^ (spread >> 29)) % static_cast<std::uint64_t>(jitter));
}

void note_periodic_jobs(const Changes& changes, std::set<JobKey>& jobs) {
  for (const JobChange& change : changes.jobs) {
    for (const JobRecordRef& record : {change.before, change.after}) {
      if (record && record->job && record->job->has_periodic()) {
        jobs.insert({record->job->namespace_(), record->job->id()});
      }
    }
  }
}

std::set<JobKey> periodic_jobs(const Snapshot& state) {
  std::set<JobKey> jobs;
  state.tables().jobs.each([&](const JobKey& key, const JobRecordRef& record) {
    if (record->job->has_periodic()) jobs.insert(key);
    return true;
  });
  return jobs;
}

void PeriodicLaunches::forget(const JobKey& key) {
  const auto found = jobs_.find(key);
  if (found == jobs_.end()) return;
  by_due_.erase({found->second.due_ns, key});
  jobs_.erase(found);
}

void PeriodicLaunches::look_at(const Snapshot& state, const std::set<JobKey>& jobs) {
  for (const JobKey& key : jobs) {
    const JobRecordRef record = state.job_record(key);
    if (record && is_launched(*record)) {
      look_at_one(key, *record);
    } else {
      forget(key);
    }
  }
}

void PeriodicLaunches::look_at_one(const JobKey& key, const JobRecord& record) {
  const model::Job& job = *record.job;
  const std::int64_t delay = launch_delay_ns(job);
  // A launch that is put off, and meets a change of the job meanwhile, still comes.
  const std::int64_t known = job.submit_time() - (job.version() > 0 ? delay : 0);
  const std::int64_t since = std::max(record.last_launch, known);
  const auto found = jobs_.find(key);
  const bool same = found != jobs_.end() && found->second.job->version() == job.version() &&
                    found->second.job->create_index() == job.create_index();
  // The counts of its children move a job's record all the time.
  if (same && found->second.since_ns == since) return;
  Tracked tracked;
  if (same) {
    tracked = found->second;
  } else {
    auto schedule = jobspec::Schedule::of(job.periodic());
    if (!schedule.ok()) {
      YURT_LOG(error, "leader", "periodic job \"{}\" is not launched: {}", key.id,
               schedule.error().message);
      return forget(key);
    }
    tracked.schedule = std::move(*schedule);
    tracked.job = record.job;
  }
  forget(key);
  tracked.since_ns = since;
  const auto next = tracked.schedule.next(since);
  if (!next) return;
  tracked.due_ns = *next + delay;
  by_due_.insert({tracked.due_ns, key});
  jobs_.emplace(key, std::move(tracked));
}

std::vector<model::Command> PeriodicLaunches::take_due(const Snapshot& state, std::int64_t now_ns,
                                                       Random& random) {
  std::vector<model::Command> commands;
  while (!by_due_.empty() && by_due_.begin()->first <= now_ns) {
    const JobKey key = by_due_.begin()->second;
    Tracked& tracked = jobs_.at(key);
    by_due_.erase(by_due_.begin());
    const JobRef job = state.job(key);
    const std::int64_t until = now_ns - launch_delay_ns(*tracked.job);
    if (const auto next = tracked.schedule.next(tracked.since_ns); job && next && *next <= until) {
      auto* launch = commands.emplace_back().mutable_launch_periodic();
      launch->set_namespace_(key.ns);
      launch->set_job_id(key.id);
      launch->set_launch_time(last_launch(tracked.schedule, tracked.since_ns, until));
      *launch->mutable_evaluation() = new_eval(*job, "periodic-job", random);
    }
    tracked.due_ns = now_ns + propose_again_ns;
    by_due_.insert({tracked.due_ns, key});
  }
  return commands;
}

std::optional<std::int64_t> PeriodicLaunches::next_due() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

}  // namespace yurt::server
