// Promises: the rules by which servers found one cluster and never two.
//
// N servers (bootstrap_expect) found a cluster when the one with the lowest id, the founder, holds
// the durable promise of all of them, itself included, not to found or join another. A promise
// binds until the founder releases it, which it does only after durably giving its attempt up; so
// no server is ever counted for two clusters. When attempts meet, the one with the higher id gives
// up, so some attempt always goes on.
//
// Also decides whom this server talks with (admit). Thread-safe. Ownership: IdentityRecord is the
// caller's. Every change is durable before it is answered.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "raft/shell/greeting.h"
#include "raft/shell/identity.h"
#include "raft/shell/meeting.h"

namespace yurt::raft {

class Promises {
 public:
  struct Settings {
    PeerId self = 0;
    int expect = 0;                 // Options::bootstrap_expect
    bool wait_to_be_added = false;  // takes the first cluster that speaks to this server
  };

  Promises(Settings settings, IdentityRecord& record) : settings_(settings), record_(record) {}

  // As the one who is asked.
  [[nodiscard]] PromiseReply promise(const PromiseRequest& request);
  [[nodiscard]] Status release(const ReleaseRequest& request);
  [[nodiscard]] Status admit(const Greeting& greeting);

  // As a founder. False: bound otherwise meanwhile, nothing was begun.
  [[nodiscard]] Result<bool> begin(const std::string& cluster_id, const Configuration& peers);
  // All have promised. False: given up meanwhile.
  [[nodiscard]] Result<bool> found(const std::string& cluster_id);
  [[nodiscard]] Status give_up(const std::string& cluster_id);
  [[nodiscard]] Status released(const ReleaseDue& due);

  // As one who joins a cluster that exists. False: bound otherwise.
  [[nodiscard]] Result<bool> belong_to(const std::string& cluster_id);
  [[nodiscard]] Status joined();

 private:
  [[nodiscard]] static Identity without_attempt(Identity identity);

  const Settings settings_;
  std::mutex mutex_;  // from reading the record to writing it
  IdentityRecord& record_;
};

}  // namespace yurt::raft
