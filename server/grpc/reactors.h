// Reactors: what gRPC calls for one call of an operation. Each owns itself until OnDone.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

namespace yurt::server {

class Service;
struct Operation;

[[nodiscard]] grpc::ServerGenericBidiReactor* start_unary(
    Service& service, const Operation& operation, grpc::GenericCallbackServerContext& context);
[[nodiscard]] grpc::ServerGenericBidiReactor* start_stream(
    Service& service, const Operation& operation, grpc::GenericCallbackServerContext& context);
// Ends the call at once.
[[nodiscard]] grpc::ServerGenericBidiReactor* refuse(const grpc::Status& status);

}  // namespace yurt::server
