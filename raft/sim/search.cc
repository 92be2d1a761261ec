#include "raft/sim/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "raft/core/core.h"
#include "raft/sim/history.h"
#include "raft/sim/sim_disk.h"
#include "raft/sim/trace.h"

namespace yurt::raft::sim {
namespace {

constexpr std::int64_t timeout_ns = 250'000'000;

struct World {
  struct Server {
    SimDisk disk;
    std::unique_ptr<Core> core;
    Index applied = 0;
    Index commit_seen = 0;
  };
  std::map<PeerId, Server> servers;
  std::vector<Message> wire;
  History history;
  std::int64_t now_ns = 0;
  int elections = 0, commands = 0, crashes = 0, duplicates = 0;  // left
  Violation violation;

  [[nodiscard]] World copy() const {
    World other;
    for (const auto& [id, server] : servers) {
      Server& to = other.servers[id];
      to.disk = server.disk;
      to.core = std::make_unique<Core>(server.core->clone(to.disk));
      to.applied = server.applied;
      to.commit_seen = server.commit_seen;
    }
    other.wire = wire;
    other.history = history;
    other.now_ns = now_ns;
    other.elections = elections;
    other.commands = commands;
    other.crashes = crashes;
    other.duplicates = duplicates;
    return other;
  }

  [[nodiscard]] std::size_t fingerprint() const {
    std::string text = fmt::format("{} {} {} {}\n", elections, commands, crashes, duplicates);
    for (const auto& [id, server] : servers) {
      text += server.core->describe();
      text += fmt::format("\ndisk {} {} {} {}\n", server.disk.waiting(),
                          server.disk.synced_hard_state().term,
                          server.disk.synced_hard_state().vote, server.applied);
      const LogImage& log = server.disk.synced();
      text += std::to_string(log.last()) + ":" + std::to_string(log.chain(log.last()));
    }
    std::vector<std::string> messages;
    for (const auto& message : wire) {
      std::string line = std::to_string(message.from) + describe(message);
      if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
        for (const auto& entry : append->entries) line += "," + std::to_string(entry.term);
      }
      messages.push_back(std::move(line));
    }
    std::sort(messages.begin(), messages.end());
    for (const auto& message : messages) text += message;
    // What was committed and voted bears on what may still go wrong.
    for (const auto& [index, committed] : history.committed()) {
      text += fmt::format(" {}@{}in{}", index, committed.term, committed.known_in);
    }
    return std::hash<std::string>{}(text);
  }
};

class Search {
 public:
  explicit Search(const SearchOptions& options) : options_(options) {
    core_options_.election_timeout_ns = timeout_ns;
    mutations_ = options.mutations;
    mutations_.skip_pre_vote = true;
    mutations_.vote_despite_leader = true;
  }

  SearchResult run() {
    World world;
    world.elections = options_.elections;
    world.commands = options_.commands;
    world.crashes = options_.crashes;
    world.duplicates = options_.duplicates;
    Configuration founders;
    for (PeerId id = 1; id <= static_cast<PeerId>(options_.servers); ++id) {
      founders.peers.push_back({id, "", true});
    }
    for (const auto& peer : founders.peers) {
      start(world, peer.id);
      step(world, peer.id, Bootstrap{founders});
      sync(world, peer.id);
    }
    visit(world, options_.depth);
    return std::move(result_);
  }

 private:
  using Action = std::function<void(World&)>;

  void start(World& world, PeerId id) {
    World::Server& server = world.servers[id];
    CoreState state = server.disk.state();
    state.applied = server.applied;
    core_options_.self = id;
    server.core =
        std::make_unique<Core>(core_options_, state, server.disk, world.now_ns, mutations_);
    server.commit_seen = state.applied;
  }

  static void note(World& world, Violation violation) {
    if (violation && !world.violation) world.violation = std::move(violation);
  }

  void step(World& world, PeerId id, Event event) {
    World::Server& server = world.servers.at(id);
    server.core->step(world.now_ns, std::move(event));
    Output output = server.core->take_output();
    ServerView view;
    view.id = id;
    view.role = server.core->role();
    view.hard_state = server.core->hard_state();
    view.disk = &server.disk;
    view.commit_before = server.commit_seen;
    view.commit = server.core->commit_index();
    view.applied = view.ever_applied = server.applied;
    view.configuration = &server.core->configuration();
    const DiskOf disk_of = [&world](PeerId other) -> const SimDisk* {
      const auto found = world.servers.find(other);
      return found == world.servers.end() ? nullptr : &found->second.disk;
    };
    if (output.write) {
      note(world, committed_never_truncated(view, *output.write));
      server.disk.hand_in(*output.write, world.history);
      note(world, log_matching(view, *output.write, world.history));
    }
    note(world, election_safety(view, world.history));
    note(world, state_machine_safety(view, world.history));
    note(world, leader_completeness(view, world.history));
    note(world, commitment_is_durable(view, disk_of));
    server.commit_seen = view.commit;
    for (auto& message : output.messages) {
      note(world, answers_are_durable_and_true(view, message, world.history, disk_of));
      note(world, one_vote_in_a_term(view, message, world.history));
      const bool heartbeat = std::holds_alternative<Heartbeat>(message.body) ||
                             std::holds_alternative<HeartbeatReply>(message.body);
      if (!heartbeat) world.wire.push_back(std::move(message));
    }
    note(world, applied_is_committed_and_durable(view, output, world.history));
    if (!output.committed.empty() && !world.violation) {
      server.applied = output.committed.back().index;
      step(world, id, Applied{server.applied});
    }
    if (options_.instant_disks && !world.violation) sync(world, id);
  }

  void sync(World& world, PeerId id) {
    SimDisk& disk = world.servers.at(id).disk;
    if (disk.waiting() > 0) {
      step(world, id, Persisted{disk.sync(disk.waiting(), world.history)});
    }
  }

  // Everything that may happen next.
  [[nodiscard]] std::vector<std::pair<std::string, Action>> choices(const World& world) {
    std::vector<std::pair<std::string, Action>> all;
    for (std::size_t i = 0; i < world.wire.size(); ++i) {
      const Message& message = world.wire[i];
      const std::string name = fmt::format("{} {}", message.from, describe(message));
      all.emplace_back(name, [this, i](World& next) {
        const Message taken = next.wire[i];
        next.wire.erase(next.wire.begin() + static_cast<std::ptrdiff_t>(i));
        step(next, taken.to, Received{taken});
      });
      if (world.duplicates == 0) continue;
      all.emplace_back(name + " (and again)", [this, i](World& next) {
        --next.duplicates;
        const Message taken = next.wire[i];
        step(next, taken.to, Received{taken});
      });
    }
    for (const auto& [id_of, server] : world.servers) {
      const PeerId id = id_of;
      if (server.disk.waiting() > 0) {
        all.emplace_back(fmt::format("{} syncs", id), [this, id](World& next) { sync(next, id); });
      }
      const Role role = server.core->role().role;
      if (world.elections > 0 && role != Role::leader) {
        all.emplace_back(fmt::format("{} times out", id), [this, id](World& next) {
          --next.elections;
          step(next, id, Tick{0});
          next.now_ns += 2 * timeout_ns;
          step(next, id, Tick{0});
        });
      }
      if (world.commands > 0 && role == Role::leader) {
        all.emplace_back(fmt::format("{} is given a command", id), [this, id](World& next) {
          --next.commands;
          step(next, id, Propose{{{1, nullptr}}});
        });
      }
      if (world.crashes > 0) {
        all.emplace_back(fmt::format("{} crashes", id), [this, id](World& next) {
          --next.crashes;
          World::Server& crashed = next.servers.at(id);
          crashed.disk.crash(0, next.history);
          start(next, id);
        });
      }
    }
    return all;
  }

  void visit(const World& world, int depth) {
    if (world.violation) {
      result_.violation = world.violation;
      result_.path = path_;
      return;
    }
    // A state seen before with at least as many steps left has nothing new.
    int& seen = seen_[world.fingerprint()];
    if (seen > depth) return;
    if (seen == 0) ++result_.states;
    seen = depth + 1;
    if (depth == 0) return;
    for (auto& [name, action] : choices(world)) {
      if (result_.states >= options_.max_states) {
        result_.exhausted = false;
        return;
      }
      World next = world.copy();
      path_.push_back(name);
      action(next);
      visit(next, depth - 1);
      path_.pop_back();
      if (result_.violation) return;
    }
  }

  SearchOptions options_;
  CoreOptions core_options_;
  Mutations mutations_;
  std::unordered_map<std::size_t, int> seen_;  // fingerprint to steps left, plus one
  std::vector<std::string> path_;
  SearchResult result_;
};

}  // namespace

SearchResult search(const SearchOptions& options) { return Search(options).run(); }

}  // namespace yurt::raft::sim
