// The messages of the gRPC health checking protocol (grpc.health.v1.Health/Check) as they travel:
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md and PROTOCOL-HTTP2.md. Small
// enough to be written by hand, so that a check is one HTTP/2 request and no channel.
#pragma once

#include <string>
#include <string_view>

namespace yurt::agent::grpc_health {

inline constexpr std::string_view path = "/grpc.health.v1.Health/Check";

// A HealthCheckRequest for `service` in its length-prefixed frame.
[[nodiscard]] std::string request(std::string_view service);

// "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN", "UNKNOWN"; "" when `frame` is no answer.
[[nodiscard]] std::string status_in(std::string_view frame);

}  // namespace yurt::agent::grpc_health
