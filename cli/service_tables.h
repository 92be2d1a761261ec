// Services and health checks as tables, where several commands show them.
#pragma once

#include <string>

#include "cli/command.h"
#include "proto/api.pb.h"

namespace yurt::cli {

[[nodiscard]] std::string service_table(
    Session& session,
    const google::protobuf::RepeatedPtrField<model::ServiceRegistration>& services, bool verbose);

// The newest results of an allocation's checks, as its agent has them (JSON).
[[nodiscard]] Result<std::string> check_results(Session& session, const std::string& alloc_id);
// The same as a table; "" when there are none.
[[nodiscard]] Result<std::string> check_table(Session& session, const std::string& alloc_id);

}  // namespace yurt::cli
