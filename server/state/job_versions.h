// Changes to one kept version of a job, be it the current one or not. Used by the apply thread
// only.
#pragma once

#include <functional>

#include "server/state/transaction.h"

namespace yurt::server {

// Changes what is kept beside the specification of a version and stamps it; false when the job
// keeps no such version. REQUIRES: the job exists
bool edit_version(Transaction& transaction, const JobKey& key, std::uint64_t version,
                  const std::function<void(model::Job&)>& change);

}  // namespace yurt::server
