// Errors as gRPC statuses and back.
#pragma once

#include <grpcpp/support/status.h>

#include "base/result.h"

namespace yurt::server {

// In a call's metadata: another server passed it on. In an answer's: nothing was done, since the
// server does not lead.
inline constexpr const char* forwarded_key = "yurt-forwarded";
inline constexpr const char* untouched_key = "yurt-untouched";

[[nodiscard]] grpc::Status to_grpc(const Error& error);
[[nodiscard]] Error from_grpc(const grpc::Status& status);

}  // namespace yurt::server
