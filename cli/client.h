// Client: the API over gRPC, as the commands use it.
//
// One connection, made at the first call. Errors are sentences for the person at the terminal: what
// could not be reached, and what to do about it. Calls end after a minute, blocking queries a
// minute after their wait. Not thread-safe, but a stream may be cancelled from another thread.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace yurt::cli {

class Client {
 public:
  // `address` as cli/address.h takes it.
  explicit Client(std::string address);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Calls the operation `name` of the service Yurt.
  [[nodiscard]] Status call(const std::string& name, const google::protobuf::Message& request,
                            google::protobuf::Message& reply);

  // The reply as a value.
  template <typename Reply>
  [[nodiscard]] Result<Reply> get(const std::string& name,
                                  const google::protobuf::Message& request) {
    Reply reply;
    YURT_TRY(call(name, request, reply));
    return reply;
  }

  // A stream of messages both ways, driven by the caller's thread.
  class Stream {
   public:
    virtual ~Stream() = default;
    // False when the stream has ended; finish() says how.
    [[nodiscard]] virtual bool write(const google::protobuf::Message& message) = 0;
    virtual void writes_done() = 0;
    [[nodiscard]] virtual bool read(google::protobuf::Message& message) = 0;
    [[nodiscard]] virtual Status finish() = 0;
    // Any thread.
    virtual void cancel() = 0;
  };
  [[nodiscard]] std::unique_ptr<Stream> open(const std::string& name);

  // Calls end after this long rather than after a minute.
  void set_patience_ms(std::int64_t patience_ms) { patience_ms_ = patience_ms; }

 private:
  struct Connection;
  [[nodiscard]] Status connect();

  const std::string address_;
  std::int64_t patience_ms_ = 60'000;
  std::unique_ptr<Connection> connection_;
};

}  // namespace yurt::cli
