// The update block that governs a group, and what it makes of a deployment.
#pragma once

namespace yurt::model {
class Job;
class TaskGroup;
class UpdateStrategy;
class DeploymentState;
}  // namespace yurt::model

namespace yurt::scheduler {

// The update block that governs a group, or null when it has none that limits anything.
[[nodiscard]] const model::UpdateStrategy* update_block(const model::Job& job,
                                                        const model::TaskGroup& group);

// A group's part of a new deployment under that block.
[[nodiscard]] model::DeploymentState deployment_part(const model::UpdateStrategy& block,
                                                     int desired_total, int desired_canaries);

}  // namespace yurt::scheduler
