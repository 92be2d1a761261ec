#include "tests/unit/raft_shell/test_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "base/assert.h"

namespace yurt::raft::testing {

TestServer::TestServer(PeerId id, std::filesystem::path folder, Bulletin& bulletin)
    : id_(id),
      folder_(std::move(folder)),
      bulletin_(bulletin),
      port_(std::make_unique<ReservedPort>()) {}

TestServer::~TestServer() { stop(); }

void TestServer::start() {
  YURT_ASSERT(!running());
  options.self = id_;
  options.address = address();
  options.folder = folder_ / "raft";
  machine_ = std::make_unique<ListMachine>(folder_ / "machine");
  auto opened = Consensus::open(options, *machine_, clock_, random_);
  YURT_ASSERT(opened.ok());
  consensus_ = std::move(*opened);
  consensus_->on_leadership([this](const Leadership&) { bulletin_.changed(); });
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  builder.RegisterService(consensus_->service());
  server_ = builder.BuildAndStart();
  YURT_ASSERT(server_ != nullptr);
  consensus_->start();
}

void TestServer::stop() {
  if (!running()) return;
  consensus_->stop();
  server_->Shutdown();
  server_.reset();
  consensus_.reset();
}

void TestServer::move() {
  YURT_ASSERT(!running());
  port_ = std::make_unique<ReservedPort>();
}

}  // namespace yurt::raft::testing
