// apply: the effect of one command on the state. Deterministic: same tables and command, same
// result, on every server; everything chosen (time, IDs, chance) is in the command.
//
// An error means that the command changed nothing; it goes back to whoever proposed it.
#pragma once

#include "base/result.h"
#include "server/state/applied.h"
#include "server/state/transaction.h"

namespace yurt::model {
class Command;
class RegisterJob;
class DeregisterJob;
class SetJobStability;
class RecordScalingEvent;
class UpsertEvaluations;
class ApplyPlans;
class UpdateAllocsFromClient;
class UpdateAllocTransitions;
class RegisterNode;
class UpdateNodeStatus;
class UpdateNodeDrain;
class UpdateNodeEligibility;
class DeregisterNode;
class CollectGarbage;
class UpdateDeploymentStatus;
class PromoteDeployment;
class SetAllocHealth;
class TagJobVersion;
class After;
class DispatchJob;
class StartSweep;
class AdmitChildren;
class SetSweepStatus;
class LaunchPeriodic;
class RegisterJobs;
class ReleaseJobs;
class TrimRuns;
class AllocServices;
class DeleteServices;
class ChangeVariables;
class UpsertRootKeys;
}  // namespace yurt::model

namespace yurt::server {

// How many versions of a job are kept beside tagged ones, and how many scaling events per group.
inline constexpr int kept_job_versions = 6;
inline constexpr int kept_scaling_events = 20;
inline constexpr int kept_node_events = 10;

// REQUIRES: transaction.begin() was called for this command
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::Command& command);

// One function per family of commands (apply_job.cc, apply_plan.cc, ...).
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::RegisterJob& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::DeregisterJob& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::SetJobStability& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::RecordScalingEvent& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::ApplyPlans& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::UpdateAllocsFromClient& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::UpdateAllocTransitions& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::RegisterNode& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::UpdateNodeStatus& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::UpdateNodeDrain& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::UpdateNodeEligibility& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::DeregisterNode& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::CollectGarbage& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::UpdateDeploymentStatus& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::PromoteDeployment& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::SetAllocHealth& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::TagJobVersion& command);

[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::DispatchJob& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::StartSweep& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::AdmitChildren& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::SetSweepStatus& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::LaunchPeriodic& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::RegisterJobs& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::ReleaseJobs& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::TrimRuns& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::TrimSweeps& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::DeleteServices& command);

// The allocation offers these services from now on and no others. One that has ended, or that
// nobody hears of, offers none.
void set_services(Transaction& transaction, const Allocation& alloc,
                  const model::AllocServices& offered);
// Nothing on this node can be reached any more.
void remove_services_of_node(Transaction& transaction, const NodeId& node);
[[nodiscard]] Result<Applied> apply(Transaction& transaction,
                                    const model::ChangeVariables& command);
[[nodiscard]] Result<Applied> apply(Transaction& transaction, const model::UpsertRootKeys& command);

// Whether a job that has ended with `outcome` is what `after` waits for.
[[nodiscard]] bool satisfies(const model::After& after, const std::string& outcome);

// Whether nothing of the job is under way: its outcome is its last word.
[[nodiscard]] bool has_ended(const JobRecord& record);

// What `job` still waits for.
[[nodiscard]] std::vector<std::shared_ptr<const model::After>> unmet(const Transaction& transaction,
                                                                     const model::Job& job);

// Makes `job` the record's newest version.
void push_version(Transaction& transaction, JobRecord& record, model::Job job);

// Stops the job, as a new version. REQUIRES: it is not stopped
void stop_job(Transaction& transaction, JobRecord& record);

// Moves a deployment to `status`; a deployment that has ended, or is gone, stays as it is. A
// success marks the job version stable.
void move_deployment(Transaction& transaction, const DeploymentId& id, const std::string& status,
                     const std::string& description);

}  // namespace yurt::server
