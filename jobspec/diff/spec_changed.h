// Whether two jobs differ in their specification: everything a user may write, and nothing that the
// servers keep beside it (fields marked not_spec). Decides whether registering makes a new version.
// Pure and deterministic: replicas decide alike.
#pragma once

namespace yurt::model {
class Job;
}

namespace yurt::jobspec {

[[nodiscard]] bool spec_changed(const model::Job& before, const model::Job& after);

}  // namespace yurt::jobspec
