// Messages in and out of gRPC's byte buffers.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>

#include "server/api/operation.h"

namespace yurt::server {

[[nodiscard]] std::string take_bytes(const grpc::ByteBuffer& buffer);
[[nodiscard]] grpc::ByteBuffer to_buffer(const Body& body);

}  // namespace yurt::server
