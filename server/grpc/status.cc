#include "server/grpc/status.h"

namespace yurt::server {
namespace {

grpc::StatusCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::not_found: return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::already_exists: return grpc::StatusCode::ALREADY_EXISTS;
    case ErrorCode::failed_precondition: return grpc::StatusCode::FAILED_PRECONDITION;
    case ErrorCode::conflict: return grpc::StatusCode::ABORTED;
    case ErrorCode::permission_denied: return grpc::StatusCode::PERMISSION_DENIED;
    case ErrorCode::resource_exhausted: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorCode::unavailable: return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::deadline_exceeded: return grpc::StatusCode::DEADLINE_EXCEEDED;
    case ErrorCode::unimplemented: return grpc::StatusCode::UNIMPLEMENTED;
    case ErrorCode::corrupt: return grpc::StatusCode::DATA_LOSS;
    case ErrorCode::io:
    case ErrorCode::internal: break;
  }
  return grpc::StatusCode::INTERNAL;
}

ErrorCode code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE: return ErrorCode::invalid_argument;
    case grpc::StatusCode::NOT_FOUND: return ErrorCode::not_found;
    case grpc::StatusCode::ALREADY_EXISTS: return ErrorCode::already_exists;
    case grpc::StatusCode::FAILED_PRECONDITION: return ErrorCode::failed_precondition;
    case grpc::StatusCode::ABORTED: return ErrorCode::conflict;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED: return ErrorCode::permission_denied;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return ErrorCode::resource_exhausted;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED: return ErrorCode::unavailable;
    case grpc::StatusCode::DEADLINE_EXCEEDED: return ErrorCode::deadline_exceeded;
    case grpc::StatusCode::UNIMPLEMENTED: return ErrorCode::unimplemented;
    case grpc::StatusCode::DATA_LOSS: return ErrorCode::corrupt;
    default: return ErrorCode::internal;
  }
}

}  // namespace

grpc::Status to_grpc(const Error& error) { return {code_of(error.code), error.message}; }

Error from_grpc(const grpc::Status& status) {
  return {code_of(status.error_code()), status.error_message()};
}

}  // namespace yurt::server
