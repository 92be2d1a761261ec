// Going back to an earlier version of a job: by a person's word, or because a deployment has
// failed. Pure.
#pragma once

#include <string>

#include "proto/command.pb.h"
#include "server/state/tables.h"

namespace yurt::server {

// Registers `target`, a kept version, as a new one, provided that the job is still as in `record`.
// Without evaluation.
[[nodiscard]] model::RegisterJob revert_to(const JobRecord& record, const model::Job& target);

struct AutoRevert {
  JobRef target;            // null: nothing to go back to
  std::string description;  // of the deployment: `why` it failed and what follows from it
};
// What a failed deployment of the job's newest version goes back to: the newest stable version, if
// its specification is another one. A version that was itself such a return thus never returns.
[[nodiscard]] AutoRevert choose_revert(const JobRecord& record, const std::string& why);

// Whether the deployment is of the job's newest version: what fails with it may be reverted.
[[nodiscard]] bool is_of_newest(const JobRecord& record, const model::Deployment& deployment);

}  // namespace yurt::server
