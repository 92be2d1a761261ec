// RestartTurns: lets the instances of a group restart for new configuration one at a time.
//
// An agent asks for each task that wants to; one instance of a group has the turn, the next gets it
// when that one is healthy again. An instance that is not healthy after its restart stops the roll:
// what asks with data no newer than that is refused. Nothing of this is in the state: agents ask
// again when another server leads, and say what they were granted; until every node that runs an
// instance has spoken, nobody gets a turn. Thread-safe; the time is an argument.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "proto/agent_stream.pb.h"
#include "server/state/snapshot.h"

namespace yurt::server {

class RestartTurns {
 public:
  struct Answer {
    NodeId node;
    model::RestartTurnGrant grant;
  };

  // From an agent.
  void take(const NodeId& node, const model::RestartTurn& turn, const Snapshot& state);

  // An agent has come back: it tells anew what it wants and what it was granted.
  void forget(const NodeId& node);

  // What can be answered now. `caught_up` tells of nodes that are connected here and have said
  // everything they have to say about turns.
  [[nodiscard]] std::vector<Answer> decide(const Snapshot& state, std::int64_t now_wall_ns,
                                           const std::function<bool(const NodeId&)>& caught_up);

  [[nodiscard]] bool idle() const;

 private:
  struct GroupKey {
    JobKey job;
    std::string group;
    auto operator<=>(const GroupKey&) const = default;
  };
  struct TurnKey {
    AllocId alloc;
    std::string task;
    auto operator<=>(const TurnKey&) const = default;
  };
  struct Asked {
    NodeId node;
    std::uint64_t index = 0;
  };
  struct Group {
    std::map<TurnKey, Asked> asked;
    std::map<TurnKey, Asked> holders;  // one, or more after a change of leaders
    std::uint64_t failed_index = 0;    // data up to here is not rolled out any further
    std::string failure;
  };

  void fail(Group& group, const Snapshot& state, const TurnKey& key, std::uint64_t index);
  void drop_ended(Group& group, const Snapshot& state);
  void decide_group(const GroupKey& key, Group& group, const Snapshot& state,
                    std::int64_t now_wall_ns, const std::function<bool(const NodeId&)>& caught_up,
                    std::vector<Answer>& answers);

  mutable std::mutex mutex_;
  std::map<GroupKey, Group> groups_;
};

}  // namespace yurt::server
