#include "cli/client.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

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

Error to_error(const grpc::Status& status, const std::string& address) {
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
              "the server at " + address + " did not answer in time: " + status.error_message()};
    case grpc::StatusCode::UNIMPLEMENTED:
      return {
          ErrorCode::unimplemented,
          "the server at " + address +
              " does not know this operation: is it another version, or is this its HTTP port?"};
    case grpc::StatusCode::UNAVAILABLE: {
      const bool unreached = status.error_message().find("connect") != std::string::npos ||
                             status.error_message().find("resolution") != std::string::npos;
      if (!unreached) return {ErrorCode::unavailable, status.error_message()};
      return {ErrorCode::unavailable,
              "cannot reach a server at " + address + ": " + status.error_message() +
                  "\nIs it running? Name another with -address=host:port or YURT_ADDR; a server "
                  "for trying things out starts with `yurt dev`."};
    }
    default: return {ErrorCode::internal, status.error_message()};
  }
}

class BufferStream final : public Client::Stream,
                           public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  BufferStream(grpc::GenericStub& stub, const std::string& name, std::string address)
      : address_(std::move(address)) {
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
    return to_error(status_, address_);
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
  explicit Connection(const std::string& address) : channel(make_channel(address)), stub(channel) {}

  static std::shared_ptr<grpc::Channel> make_channel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    // A proxy for the web is none for a cluster's own addresses.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
};

Client::Client(std::string address) : address_(std::move(address)) {}
Client::~Client() = default;

Client::Connection& Client::connection() {
  if (!connection_) connection_ = std::make_unique<Connection>(address_);
  return *connection_;
}

Status Client::call(const std::string& name, const google::protobuf::Message& request,
                    google::protobuf::Message& reply) {
  grpc::ClientContext context;
  const ByteBuffer outgoing = to_buffer(request);
  ByteBuffer incoming;
  std::promise<grpc::Status> ended;
  connection().stub.UnaryCall(&context, path_of(name), {}, &outgoing, &incoming,
                              [&ended](grpc::Status status) { ended.set_value(status); });
  const grpc::Status status = ended.get_future().get();
  if (!status.ok()) return to_error(status, address_);
  if (!from_buffer(incoming, reply)) {
    return Error{ErrorCode::internal,
                 "the answer of the server at " + address_ + " to " + name + " cannot be read"};
  }
  return {};
}

std::unique_ptr<Client::Stream> Client::open(const std::string& name) {
  return std::make_unique<BufferStream>(connection().stub, name, address_);
}

}  // namespace yurt::cli
