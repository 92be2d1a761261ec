#include "bench/server/server_under_test.h"

#include "base/assert.h"

namespace yurt::bench {

ServerUnderTest::ServerUnderTest(Kind kind, std::filesystem::path folder)
    : kind_(kind), folder_(std::move(folder)), rpc_(hold_port()) {}

void ServerUnderTest::start() {
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{YURT_PROGRAM, kind_ == Kind::server ? "server" : "dev", "--data-dir",
                               (folder_ / "data").string(), "--rpc-port", std::to_string(rpc_.port),
                               "--http-port", "0", "--log-level", "warn"});
}

void ServerUnderTest::kill() {
  YURT_ASSERT(process_);
  process_->kill();
}

void ServerUnderTest::terminate() {
  YURT_ASSERT(process_);
  process_->terminate();
}

}  // namespace yurt::bench
