#include "server/grpc/grpc_forwarder.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>

#include "server/grpc/buffers.h"
#include "server/grpc/forwarded_stream.h"
#include "server/grpc/status.h"

namespace yurt::server {
namespace {

std::string full_name(std::string_view operation) {
  return "/yurt.model.Yurt/" + std::string(operation);
}

struct UnaryCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request, reply;
};

// gRPC says so only when no connection could be made, so nothing was sent.
bool never_sent(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         status.error_message().starts_with("failed to connect to all addresses");
}

}  // namespace

struct GrpcForwarder::Connection {
  explicit Connection(std::shared_ptr<grpc::Channel> channel) : stub(std::move(channel)) {}
  grpc::GenericStub stub;
};

GrpcForwarder::GrpcForwarder(std::shared_ptr<grpc::ChannelCredentials> credentials)
    : credentials_(credentials ? std::move(credentials) : grpc::InsecureChannelCredentials()) {}

GrpcForwarder::~GrpcForwarder() = default;

std::shared_ptr<GrpcForwarder::Connection> GrpcForwarder::connection_to(
    const std::string& address) {
  const std::lock_guard lock(mutex_);
  auto& connection = connections_[address];
  if (!connection) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);  // lists are as long as they are
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    connection =
        std::make_shared<Connection>(grpc::CreateCustomChannel(address, credentials_, arguments));
  }
  return connection;
}

void GrpcForwarder::call(const std::string& address, std::string_view operation,
                         const std::string& request, std::int64_t timeout_ms,
                         std::function<void(Result<std::string>, bool)> answer) {
  const auto connection = connection_to(address);
  const auto call = std::make_shared<UnaryCall>();
  call->request = to_buffer(Body{nullptr, request});
  call->context.AddMetadata(forwarded_key, "1");
  call->context.set_deadline(std::chrono::system_clock::now() +
                             std::chrono::milliseconds(timeout_ms));
  connection->stub.UnaryCall(
      &call->context, full_name(operation), grpc::StubOptions(), &call->request, &call->reply,
      [call, connection, answer = std::move(answer)](const grpc::Status& status) {
        if (status.ok()) return answer(take_bytes(call->reply), false);
        const bool untouched =
            call->context.GetServerTrailingMetadata().contains(untouched_key) || never_sent(status);
        answer(from_grpc(status), untouched);
      });
}

std::unique_ptr<CallStream> GrpcForwarder::open(const std::string& address,
                                                std::string_view operation,
                                                const std::string& first, StreamEvents events) {
  const auto connection = connection_to(address);
  const bool caller_streams = OperationTable::caller_streams(operation);
  return open_forwarded_stream(connection->stub, full_name(operation), first, caller_streams,
                               std::move(events), connection);
}

}  // namespace yurt::server
