// Meeting: how servers that are not in one cluster yet talk: who are you, promise me, release you,
// let me in. Plain structs of raft.proto's calls, so that the rules of founding and joining know no
// gRPC.
//
// Meeting answers such calls (thread-safe, may write to disk); MeetingCalls makes them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "raft/core/configuration.h"

namespace yurt::raft {

struct Introduction {
  PeerId id = 0;
  std::string address;
  std::string cluster_id;  // empty: in none yet
  int expect = 0;          // Options::bootstrap_expect
  PeerId leader = 0;       // 0: none known
  std::string leader_address;
  Configuration peers;    // when in a cluster
  std::uint64_t run = 0;  // random at each start: tells oneself from another of the same id
};

struct PromiseRequest {
  PeerId founder = 0;
  std::string cluster_id;
  Configuration peers;  // who would found it together
};

struct PromiseReply {
  bool granted = false;
  std::string reason;
  PeerId promised_to = 0;  // the other founder, when that is why
  std::string cluster_id;  // the cluster it is in already, when that is why
};

struct ReleaseRequest {
  PeerId founder = 0;
  std::string cluster_id;
};

struct JoinRequest {
  std::string cluster_id;
  PeerId id = 0;
  std::string address;
};

struct JoinReply {
  bool accepted = false;  // and under way
  std::string reason;
  PeerId leader = 0;  // whom to ask instead; 0: nobody known
  std::string leader_address;
};

class Meeting {
 public:
  virtual ~Meeting() = default;
  [[nodiscard]] virtual Introduction meet(const Introduction& caller) = 0;
  [[nodiscard]] virtual PromiseReply promise(const PromiseRequest& request) = 0;
  [[nodiscard]] virtual Status release(const ReleaseRequest& request) = 0;
  [[nodiscard]] virtual JoinReply join(const JoinRequest& request) = 0;
};

class MeetingCalls {
 public:
  virtual ~MeetingCalls() = default;
  // Each waits for the answer, a few seconds at most. unavailable when there is none.
  [[nodiscard]] virtual Result<Introduction> meet(const std::string& address,
                                                  const Introduction& self) = 0;
  [[nodiscard]] virtual Result<PromiseReply> promise(const std::string& address,
                                                     const PromiseRequest& request) = 0;
  [[nodiscard]] virtual Status release(const std::string& address,
                                       const ReleaseRequest& request) = 0;
  [[nodiscard]] virtual Result<JoinReply> join(const std::string& address,
                                               const JoinRequest& request) = 0;
  // Ends calls under way and fails all later ones.
  virtual void cancel() = 0;
};

}  // namespace yurt::raft
