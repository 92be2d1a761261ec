#include "tests/unit/raft_shell/cluster.h"

#include "base/assert.h"
#include "tests/unit/raft_shell/waiting.h"

namespace yurt::raft::testing {

Cluster::Cluster(int size) {
  std::vector<std::string> addresses;
  for (int id = 1; id <= size; ++id) {
    servers_.push_back(std::make_unique<TestServer>(
        static_cast<PeerId>(id), folder_.path() / std::to_string(id), bulletin_));
    addresses.push_back(servers_.back()->address());
  }
  for (const auto& server : servers_) {
    server->options.bootstrap_expect = size;
    server->options.retry_join = addresses;
  }
}

TestServer& Cluster::add_server() {
  const PeerId id = servers_.size() + 1;
  servers_.push_back(
      std::make_unique<TestServer>(id, folder_.path() / std::to_string(id), bulletin_));
  servers_.back()->options.bootstrap_expect = 0;
  servers_.back()->options.retry_join = {servers_.front()->address(), servers_[1]->address()};
  return *servers_.back();
}

void Cluster::start_all() {
  for (const auto& server : servers_) server->start();
}

TestServer& Cluster::wait_for_leader() {
  TestServer* leader = nullptr;
  bulletin_.wait_until([&] {
    for (const auto& server : servers_) {
      if (server->running() && server->consensus().leadership().self) leader = server.get();
    }
    return leader != nullptr;
  });
  return *leader;
}

void Cluster::wait_for_voters(const std::vector<PeerId>& ids) {
  bulletin_.wait_until([&] {
    for (const auto& server : servers_) {
      if (!server->running()) continue;
      std::vector<PeerId> voters;
      for (const Peer& peer : server->consensus().peers()) {
        if (!peer.voter) return false;
        voters.push_back(peer.id);
      }
      if (voters != ids) return false;
    }
    return true;
  });
}

Index Cluster::propose(const std::string& command) {
  while (true) {
    const Result<Proposed> proposed = testing::propose(wait_for_leader().consensus(), command);
    if (proposed.ok()) return proposed->index;
    YURT_ASSERT(proposed.error().code == ErrorCode::unavailable);
  }
}

TestServer& Cluster::follower() {
  const PeerId leader = wait_for_leader().id();
  for (const auto& server : servers_) {
    if (server->running() && server->id() != leader) return *server;
  }
  YURT_ASSERT(!"a follower runs");
}

}  // namespace yurt::raft::testing
