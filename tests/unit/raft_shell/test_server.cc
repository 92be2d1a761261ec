#include "tests/unit/raft_shell/test_server.h"

#include <arpa/inet.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace yurt::raft::testing {
namespace {

// A port that stays this test's although nobody listens on it: gRPC may share it (SO_REUSEPORT).
UniqueFd reserve_port(std::string& address) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  YURT_ASSERT(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof name;
  YURT_ASSERT(::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), length) == 0);
  YURT_ASSERT(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
  address = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  return fd;
}

}  // namespace

TestServer::TestServer(PeerId id, std::filesystem::path folder, Bulletin& bulletin)
    : id_(id),
      folder_(std::move(folder)),
      bulletin_(bulletin),
      reserved_port_(reserve_port(address_)) {}

TestServer::~TestServer() { stop(); }

void TestServer::start() {
  YURT_ASSERT(!running());
  options.self = id_;
  options.address = address_;
  options.folder = folder_ / "raft";
  machine_ = std::make_unique<ListMachine>(folder_ / "machine");
  auto opened = Consensus::open(options, *machine_, clock_, random_);
  YURT_ASSERT(opened.ok());
  consensus_ = std::move(*opened);
  consensus_->on_leadership([this](const Leadership&) { bulletin_.changed(); });
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
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
  reserved_port_ = reserve_port(address_);
}

void TestServer::wipe() {
  YURT_ASSERT(!running());
  std::filesystem::remove_all(folder_);
}

}  // namespace yurt::raft::testing
