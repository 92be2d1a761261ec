// Arrival: how a server comes into its cluster, by founding or by joining, and how it tells the
// cluster that its address has changed. Answers the same questions of others.
//
// A thread of its own asks other servers (blocking calls, repeated with pauses) until there is
// nothing left to do, then ends. The rules that keep clusters apart are in promises.h.
//
// Thread-safe. Ownership: what Parts names is the caller's and must outlive it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "raft/shell/done.h"
#include "raft/shell/identity.h"
#include "raft/shell/meeting.h"
#include "raft/shell/promises.h"

namespace yurt::raft {

class Arrival final : public Meeting {
 public:
  struct Settings {
    PeerId self = 0;
    std::string address;
    int expect = 1;
    std::vector<std::string> retry_join;
    std::uint64_t random_seed = 0;
  };
  struct Parts {
    IdentityRecord& record;
    Promises& promises;
    MeetingCalls& calls;
    Clock& clock;
    std::function<Leadership()> leadership;
    std::function<Configuration()> configuration;
    std::function<void(Configuration)> bootstrap;
    std::function<void(Peer, StatusDone)> add_peer;
    // A member's own word on where it is now.
    std::function<void(PeerId, const std::string&)> learn_address;
  };

  Arrival(Settings settings, Parts parts);
  ~Arrival() override { stop(); }
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  void start();
  void stop();

  [[nodiscard]] Introduction meet(const Introduction& caller) override;
  [[nodiscard]] PromiseReply promise(const PromiseRequest& request) override;
  [[nodiscard]] Status release(const ReleaseRequest& request) override;
  [[nodiscard]] JoinReply join(const JoinRequest& request) override;

 private:
  struct Seen {
    Introduction introduction;
    std::int64_t at_ns = 0;
  };

  void run();
  // One round of what is to be done at present; false when nothing ever will be again.
  [[nodiscard]] bool work();
  void found_alone();
  void look_around();
  void gather_promises(const Identity& identity);
  void release_promises(const Identity& identity);
  void consider_joining(const Introduction& member);
  // False when the cluster knows this server at its address.
  [[nodiscard]] bool unknown_to_cluster(const Identity& identity);
  void ask_to_join(const Identity& identity);
  void note(const Introduction& introduction);
  [[nodiscard]] Introduction introduce_self() const;
  void check(const Status& status);
  // Logs `line` unless it was logged before.
  void say(const std::string& line);

  const Settings settings_;
  const Parts parts_;
  const std::uint64_t run_;      // names this start of this server
  SeededRandom random_;          // the thread's own
  std::set<std::string> said_;   // the thread's own
  std::int64_t attempt_ns_ = 0;  // when the attempt under way began; the thread's own

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool poked_ = false;
  std::map<PeerId, Seen> seen_;  // servers in no cluster yet
  std::set<PeerId> joining_;     // whom this leader is adding
  std::thread thread_;
};

}  // namespace yurt::raft
