#include "server/grpc/buffers.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/proto_buffer_writer.h>
#include <grpcpp/support/slice.h>

namespace yurt::server {

std::string take_bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string out;
  if (!buffer.Dump(&slices).ok()) return out;
  out.reserve(buffer.Length());
  for (const auto& slice : slices) {
    out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return out;
}

grpc::ByteBuffer to_buffer(const Body& body) {
  grpc::ByteBuffer buffer;
  if (body.message) {
    bool own = false;
    const grpc::Status status =
        grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(*body.message, &buffer, &own);
    YURT_ASSERT(status.ok());
    return buffer;
  }
  const grpc::Slice slice(body.bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace yurt::server
