// Forwarder: how the service layer passes a call on to the server that leads. Implemented over gRPC
// (server/grpc) and by tests. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/api/operation.h"

namespace yurt::server {

class Forwarder {
 public:
  virtual ~Forwarder() = default;

  // `answer` is called once, with the serialized reply or why there is none. `untouched` says of an
  // error that the other server certainly did nothing (it could not be reached, or does not lead),
  // so that even a write may be tried again. `timeout_ms` bounds the whole call.
  virtual void call(const std::string& address, std::string_view operation,
                    const std::string& request, std::int64_t timeout_ms,
                    std::function<void(Result<std::string> reply, bool untouched)> answer) = 0;

  // Opens a stream whose first message is `first`. Failures come through events.on_end.
  [[nodiscard]] virtual std::unique_ptr<CallStream> open(const std::string& address,
                                                         std::string_view operation,
                                                         const std::string& first,
                                                         StreamEvents events) = 0;
};

}  // namespace yurt::server
