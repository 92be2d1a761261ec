// Cluster: several TestServers that found a cluster together, and what a test asks of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/raft_shell/temporary_folder.h"
#include "tests/unit/raft_shell/test_server.h"

namespace yurt::raft::testing {

class Cluster {
 public:
  // Servers with ids 1 to `size`, each told the addresses of all; not started.
  explicit Cluster(int size);

  [[nodiscard]] TestServer& server(PeerId id) { return *servers_.at(id - 1); }
  [[nodiscard]] std::vector<std::unique_ptr<TestServer>>& servers() { return servers_; }
  // One more server, which will ask to join.
  TestServer& add_server();
  void start_all();

  [[nodiscard]] Bulletin& bulletin() { return bulletin_; }
  // Waits until one running server leads and returns it.
  TestServer& wait_for_leader();
  // Waits until every running server has exactly these members, all of them voters.
  void wait_for_voters(const std::vector<PeerId>& ids);
  // Proposes until it is answered with success, at whichever server leads.
  Index propose(const std::string& command);
  // A running server that does not lead.
  TestServer& follower();

 private:
  TemporaryFolder folder_;
  Bulletin bulletin_;
  std::vector<std::unique_ptr<TestServer>> servers_;
};

}  // namespace yurt::raft::testing
