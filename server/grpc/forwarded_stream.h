// A stream at another server, as its caller holds it.
#pragma once

#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>

#include "server/api/operation.h"

namespace yurt::server {

// Opens it on `stub`; `method` is the full name. `keep` lives as long as the call does.
[[nodiscard]] std::unique_ptr<CallStream> open_forwarded_stream(
    grpc::GenericStub& stub, const std::string& method, const std::string& first,
    bool caller_streams, StreamEvents events, std::shared_ptr<void> keep);

}  // namespace yurt::server
