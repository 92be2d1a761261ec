#include "bench/server/api_client.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>

#include "proto/api.pb.h"

namespace yurt::bench {
namespace {

std::string path_of(const std::string& operation) { return "/yurt.model.Yurt/" + operation; }

grpc::ByteBuffer to_buffer(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

void check(const std::string& operation, const grpc::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", operation.c_str(), status.error_message().c_str());
  std::abort();
}

bool parse(const grpc::ByteBuffer& buffer, google::protobuf::Message& message) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const auto& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return message.ParseFromString(bytes);
}

struct UnaryCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request, response;
};

void start(const std::shared_ptr<grpc::Channel>& channel, const std::string& operation,
           const google::protobuf::Message& request,
           std::function<void(const grpc::ByteBuffer&)> done) {
  auto call = std::make_shared<UnaryCall>();
  call->context.set_wait_for_ready(true);
  // A server that never comes up, or hangs, must not hang the measurement.
  call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  call->request = to_buffer(request);
  grpc::GenericStub stub(channel);
  stub.UnaryCall(&call->context, path_of(operation), {}, &call->request, &call->response,
                 [call, operation, done = std::move(done)](const grpc::Status& status) {
                   check(operation, status);
                   done(call->response);
                 });
}

}  // namespace

ApiClient::ApiClient(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A server that restarts is found again at once.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 10);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void ApiClient::call(const std::string& operation, const google::protobuf::Message& request,
                     google::protobuf::Message& response) const {
  std::promise<grpc::ByteBuffer> answered;
  start(channel_, operation, request,
        [&answered](const grpc::ByteBuffer& buffer) { answered.set_value(buffer); });
  if (!parse(answered.get_future().get(), response)) std::abort();
}

void ApiClient::register_job(const model::Job& job,
                             std::function<void(const std::string& eval_id)> done) const {
  model::JobRegisterRequest request;
  *request.mutable_job() = job;
  start(channel_, "RegisterJob", request, [done = std::move(done)](const grpc::ByteBuffer& buffer) {
    model::JobRegisterResponse response;
    if (!parse(buffer, response)) std::abort();
    done(response.eval_id());
  });
}

void ApiClient::wait_until_serving() const {
  model::ListRequest request;
  model::NamespaceListResponse response;
  call("ListNamespaces", request, response);
}

void ApiClient::wait_for_nodes(int count) const {
  model::NodeListRequest request;
  model::NodeListResponse response;
  int ready = 0;
  while (ready < count) {
    // Answered when something newer exists.
    request.mutable_query()->set_index(response.query_meta().index());
    call("ListNodes", request, response);
    ready = 0;
    for (const auto& node : response.nodes()) ready += node.status() == "ready" ? 1 : 0;
  }
}

int ApiClient::completed(const std::string& job_id) const {
  model::JobReadRequest request;
  model::JobSummaryResponse response;
  request.set_job_id(job_id);
  call("ReadJobSummary", request, response);
  int count = 0;
  for (const auto& [name, group] : response.summary().summary()) count += group.complete();
  return count;
}

std::int64_t ApiClient::evaluations(const std::string& status) const {
  model::EvaluationListRequest request;
  request.set_status(status);
  request.mutable_query()->set_namespace_("*");
  model::EvaluationCountResponse response;
  call("CountEvaluations", request, response);
  return response.count();
}

}  // namespace yurt::bench
