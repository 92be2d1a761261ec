// The update block that governs a group.
#pragma once

namespace yurt::model {
class Job;
class TaskGroup;
class UpdateStrategy;
}  // namespace yurt::model

namespace yurt::scheduler {

// The update block that governs a group, or null when it has none that limits anything.
[[nodiscard]] const model::UpdateStrategy* update_block(const model::Job& job,
                                                        const model::TaskGroup& group);

}  // namespace yurt::scheduler
