#include "server/leader/dependencies.h"

#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "server/new_evals.h"
#include "server/state/apply.h"

namespace yurt::server {

std::optional<model::Command> next_release(const Snapshot& state, Random& random) {
  model::Command command;
  auto* release = command.mutable_release_jobs();
  state.tables().held.each([&](const JobKey& key, const Present&) {
    const JobRecordRef record = state.job_record(key);
    if (!record) return true;
    bool all_met = true;
    std::string reason;
    for (const auto& after : record->waiting_for) {
      const JobRecordRef other = state.job_record({key.ns, after->job()});
      if (!other) {
        reason = "job \"" + after->job() + "\", which it waited for, is gone";
      } else if (other->job->status() != "dead") {
        all_met = false;
      } else if (!satisfies(*after, other->outcome)) {
        reason = "job \"" + after->job() + "\" ended " + other->outcome + "; " + after->status() +
                 " was asked for";
      }
    }
    if (!reason.empty()) {
      auto* refused = release->add_refused();
      refused->set_namespace_(key.ns);
      refused->set_job_id(key.id);
      refused->set_reason(reason);
    } else if (all_met) {
      *release->add_evaluations() = new_eval(*record->job, "job-register", random);
    }
    return true;
  });
  if (release->evaluations().empty() && release->refused().empty()) return std::nullopt;
  return command;
}

}  // namespace yurt::server
