#include "cli/client.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

#include "base/clock.h"
#include "cli/address.h"
#include "proto/api.pb.h"

namespace yurt::cli {
namespace {

using grpc::ByteBuffer;

std::string path_of(const std::string& name) { return "/yurt.model.Yurt/" + name; }

ByteBuffer to_buffer(const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  const grpc::Slice slice(bytes);
  return ByteBuffer(&slice, 1);
}

bool from_buffer(const ByteBuffer& buffer, google::protobuf::Message& message) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const auto& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return message.ParseFromString(bytes);
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

Error unavailable(const std::string& message, const std::string& address, bool connected) {
  if (contains(message, "http1.x server")) {
    return {ErrorCode::unavailable, "the server at " + address +
                                        " speaks HTTP there, not gRPC; write http://" + address +
                                        " with -address or YURT_ADDR, or name its gRPC port"};
  }
  if (contains(message, "No cluster leader")) {
    return {ErrorCode::unavailable,
            "the cluster has no leader: too few of its servers are up, or they do not reach each "
            "other. The server at " +
                address +
                " answers, but can neither write nor promise what it reads; `yurt server members` "
                "lists the servers, and their logs say why."};
  }
  if (connected) {
    return {ErrorCode::unavailable, "the server at " + address + " answers: " + message +
                                        ". It may be without its leader for a moment: try again."};
  }
  // gRPC's text names every layer it went through; the last one is the reason.
  const auto last = message.rfind(": ");
  const std::string reason = last == std::string::npos ? message : message.substr(last + 2);
  const bool unreached =
      contains(message, "connect") || contains(message, "resolution") || contains(message, "DNS");
  if (!unreached) return {ErrorCode::unavailable, message};
  return {ErrorCode::unavailable,
          "cannot reach a server at " + address + ": " + reason +
              ".\nIs it running? Name another with -address=host:port or YURT_ADDR; a server for "
              "trying things out starts with `yurt dev`."};
}

// `connected`: the server itself could be reached.
Error to_error(const grpc::Status& status, const std::string& address, bool connected) {
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      return {ErrorCode::invalid_argument, status.error_message()};
    case grpc::StatusCode::NOT_FOUND: return {ErrorCode::not_found, status.error_message()};
    case grpc::StatusCode::ALREADY_EXISTS:
      return {ErrorCode::already_exists, status.error_message()};
    case grpc::StatusCode::FAILED_PRECONDITION:
      return {ErrorCode::failed_precondition, status.error_message()};
    case grpc::StatusCode::ABORTED: return {ErrorCode::conflict, status.error_message()};
    case grpc::StatusCode::PERMISSION_DENIED:
      return {ErrorCode::permission_denied, status.error_message()};
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return {ErrorCode::resource_exhausted, status.error_message()};
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {ErrorCode::deadline_exceeded,
              (status.error_message() == "Deadline Exceeded"
                   ? "the server at " + address + " took too long to answer"
                   : status.error_message()) +
                  ". A write may have happened all the same: look with `yurt status` before "
                  "repeating it."};
    case grpc::StatusCode::UNIMPLEMENTED:
      return {ErrorCode::unimplemented, "the server at " + address +
                                            " does not know this operation: it is of another "
                                            "version, or no server of Yurt at all"};
    case grpc::StatusCode::UNAVAILABLE:
      return unavailable(status.error_message(), address, connected);
    default: return {ErrorCode::internal, status.error_message()};
  }
}

// What is open when there is no connection.
class NoStream final : public Client::Stream {
 public:
  explicit NoStream(Error error) : error_(std::move(error)) {}
  bool write(const google::protobuf::Message&) override { return false; }
  void writes_done() override {}
  bool read(google::protobuf::Message&) override { return false; }
  Status finish() override { return error_; }
  void cancel() override {}

 private:
  const Error error_;
};

bool is_ready(grpc::Channel& channel) { return channel.GetState(false) == GRPC_CHANNEL_READY; }

class BufferStream final : public Client::Stream,
                           public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  BufferStream(std::shared_ptr<grpc::Channel> channel, grpc::GenericStub& stub,
               const std::string& name, std::string address)
      : channel_(std::move(channel)), address_(std::move(address)) {
    stub.PrepareBidiStreamingCall(&context_, path_of(name), {}, this);
    // Held until the last read: between two operations gRPC could end the call beneath us.
    AddHold();
    StartRead(&incoming_);
    StartCall();
  }
  ~BufferStream() override {
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    drain(lock);
  }

  bool write(const google::protobuf::Message& message) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !writing_ || done_ || broken_; });
    if (ended_ || broken_ || half_closed_) return false;
    outgoing_ = to_buffer(message);
    writing_ = true;
    AddHold();
    lock.unlock();
    StartWrite(&outgoing_);
    RemoveHold();
    return true;
  }
  void writes_done() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !writing_ || done_ || broken_; });
    if (ended_ || broken_ || half_closed_) return;
    half_closed_ = true;
    AddHold();
    lock.unlock();
    StartWritesDone();
    RemoveHold();
  }
  bool read(google::protobuf::Message& message) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return have_read_ || ended_; });
    if (!have_read_) return false;
    const bool parsed = from_buffer(incoming_, message);
    have_read_ = false;
    lock.unlock();
    StartRead(&incoming_);
    return parsed;
  }
  Status finish() override {
    std::unique_lock lock(mutex_);
    drain(lock);
    if (status_.ok()) return {};
    return to_error(status_, address_, is_ready(*channel_));
  }
  void cancel() override { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    {
      std::lock_guard lock(mutex_);
      (ok ? have_read_ : ended_) = true;
      changed_.notify_all();
    }
    if (!ok) RemoveHold();
  }
  void OnWriteDone(bool ok) override {
    std::lock_guard lock(mutex_);
    writing_ = false;
    broken_ |= !ok;
    changed_.notify_all();
  }
  void OnDone(const grpc::Status& status) override {
    std::lock_guard lock(mutex_);
    status_ = status;
    done_ = true;
    changed_.notify_all();
  }

 private:
  // Reads and drops what still comes, and waits for the end.
  void drain(std::unique_lock<std::mutex>& lock) {
    while (!done_) {
      changed_.wait(lock, [&] { return done_ || have_read_; });
      if (!have_read_) continue;
      have_read_ = false;
      lock.unlock();
      StartRead(&incoming_);
      lock.lock();
    }
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string address_;
  grpc::ClientContext context_;
  ByteBuffer incoming_, outgoing_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool have_read_ = false, ended_ = false, writing_ = false, broken_ = false;
  bool half_closed_ = false, done_ = false;
  grpc::Status status_;
};

}  // namespace

struct Client::Connection {
  explicit Connection(std::string rpc_address)
      : address(std::move(rpc_address)), channel(make_channel(address)), stub(channel) {}

  static std::shared_ptr<grpc::Channel> make_channel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    // A proxy for the web is none for a cluster's own addresses.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  const std::string address;
  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
};

namespace {

// What a blocking query asks the server to wait, in milliseconds; 0 for everything else.
std::int64_t wait_ms(const google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("query");
  if (field == nullptr || field->message_type() != model::QueryOptions::descriptor()) return 0;
  const auto& query =
      static_cast<const model::QueryOptions&>(request.GetReflection()->GetMessage(request, field));
  return query.index() == 0 ? 0 : query.wait() / nanoseconds_per_millisecond;
}

}  // namespace

Client::Client(std::string address) : address_(std::move(address)) {}
Client::~Client() = default;

Status Client::connect() {
  if (connection_) return {};
  YURT_ASSIGN(std::string rpc_address, find_rpc_address(address_));
  connection_ = std::make_unique<Connection>(std::move(rpc_address));
  return {};
}

Status Client::call(const std::string& name, const google::protobuf::Message& request,
                    google::protobuf::Message& reply) {
  YURT_TRY(connect());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(patience_ms_ + wait_ms(request)));
  const ByteBuffer outgoing = to_buffer(request);
  ByteBuffer incoming;
  std::promise<grpc::Status> ended;
  connection_->stub.UnaryCall(&context, path_of(name), {}, &outgoing, &incoming,
                              [&ended](grpc::Status status) { ended.set_value(status); });
  const grpc::Status status = ended.get_future().get();
  if (!status.ok()) {
    return to_error(status, connection_->address, is_ready(*connection_->channel));
  }
  if (!from_buffer(incoming, reply)) {
    return Error{ErrorCode::internal, "the answer of the server at " + connection_->address +
                                          " to " + name + " cannot be read"};
  }
  return {};
}

std::unique_ptr<Client::Stream> Client::open(const std::string& name) {
  const Status connected = connect();
  if (!connected.ok()) return std::make_unique<NoStream>(connected.error());
  return std::make_unique<BufferStream>(connection_->channel, connection_->stub, name,
                                        connection_->address);
}

}  // namespace yurt::cli
