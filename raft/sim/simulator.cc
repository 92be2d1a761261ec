#include "raft/sim/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/clock.h"

namespace yurt::raft::sim {
namespace {

// A slow disk's backlog must be worked off within the calm time.
constexpr std::int64_t calm_sync_ns = 500'000;

}  // namespace

Simulator::Simulator(const SimOptions& options, std::function<void(const std::string&)> trace)
    : options_(options), trace_(std::move(trace)), random_(options.seed) {
  for (int i = 1; i <= options_.voters + options_.spares; ++i) {
    const PeerId id = static_cast<PeerId>(i);
    SimServer& server = servers_[id];
    server.id = id;
    server.clock_offset_ns = static_cast<std::int64_t>(random_.below(1'000'000'000'000));
    if (options_.clocks_drift && options_.core.lease_reads) {
      const double bound = static_cast<double>(options_.core.max_clock_drift_per_mille) / 1000;
      // The bound's ends are where it matters.
      const double place = random_.fraction() * 2 - 0.5;
      server.clock_rate = 1 + std::clamp(place, 0.0, 1.0) * bound;
    } else if (options_.clocks_drift) {
      // Without the lease nothing may depend on clocks that agree.
      server.clock_rate = 0.4 + random_.fraction() * 1.6;
    }
    if (i <= options_.voters) founders_.peers.push_back({id, fmt::format("server-{}", id), true});
  }
}

Verdict Simulator::run() {
  for (auto& [id, server] : servers_) start(server);
  plan_faults();
  plan_callers();
  while (!verdict_.violation && agenda_.run_next(options_.faulty_ns)) ++verdict_.steps;
  if (verdict_.violation) return verdict_;
  calm_down();
  const std::int64_t end_ns = options_.faulty_ns + options_.calm_ns;
  const std::int64_t look_every_ns = 500 * nanoseconds_per_millisecond;
  const std::uint64_t acknowledged = verdict_.acknowledged_writes;
  while (!verdict_.violation) {
    const std::int64_t look_ns = agenda_.now_ns() + look_every_ns;
    while (!verdict_.violation && agenda_.run_next(look_ns)) ++verdict_.steps;
    Violation left = unfinished();
    if (!left && verdict_.acknowledged_writes == acknowledged)
      left = "nothing more is acknowledged";
    if (!left) break;
    if (agenda_.now_ns() >= end_ns) note("no recovery: " + *left);
  }
  const auto& committed = history_.committed();
  verdict_.committed = committed.empty() ? 0 : committed.rbegin()->first;
  return verdict_;
}

void Simulator::start(SimServer& server) {
  YURT_ASSERT(!server.up());
  if (server.restored && server.disk.state().start.index < server.restored->index) {
    server.disk.reset_to(*server.restored, history_);
  }
  note(committed_survives_restart(view(server)));
  if (verdict_.violation) return;
  CoreState state = server.disk.state();
  state.applied = server.durable_machine.index;
  state.nonce = random_.next();
  CoreOptions core_options = options_.core;
  core_options.self = server.id;
  ++server.life;
  server.machine = server.durable_machine;
  server.commit_seen = state.applied;
  server.core = std::make_unique<Core>(core_options, state, server.disk,
                                       server.local_time(agenda_.now_ns()), options_.mutations);
  server.configuration_seen = server.core->configuration();
  server.configuration_index = state.configurations.empty() ? 0 : state.configurations.back().index;
  say(fmt::format("{} starts: term {}, log {}..{}, applied {}", server.id, state.hard_state.term,
                  state.start.index, state.last_index, state.applied));
  if (founders_.find(server.id) != nullptr) give(server, Bootstrap{founders_});
  tick(server);
}

void Simulator::crash(SimServer& server) {
  if (!server.up()) return;
  const std::size_t survive = random_.below(server.disk.waiting() + 1);
  say(fmt::format("{} crashes; {} of {} writes survive", server.id, survive,
                  server.disk.waiting()));
  server.disk.crash(survive, history_);
  server.core.reset();
  server.mailbox.clear();
  server.wake_planned = server.syncing = server.applying = false;
  server.stalled_until_ns = 0;
  server.to_apply.clear();
  server.arrived.clear();
  server.sending.clear();
  server.mine.clear();
  server.reads.clear();
  ++server.life;
  ++verdict_.crashes;
}

// Runs `action` later, unless the server has crashed by then.
void Simulator::on_server(SimServer& server, std::int64_t delay_ns,
                          std::function<void(SimServer&)> action) {
  agenda_.after(delay_ns, [&server, life = server.life, action = std::move(action)] {
    if (server.up() && server.life == life) action(server);
  });
}

void Simulator::tick(SimServer& server) {
  give(server, Tick{random_.next()});
  on_server(server, around(options_.core.heartbeat_ns / 5),
            [this](SimServer& same) { tick(same); });
}

void Simulator::give(SimServer& server, Event event) {
  server.mailbox.push_back(std::move(event));
  plan_wake(server);
}

void Simulator::plan_wake(SimServer& server) {
  if (server.wake_planned) return;
  server.wake_planned = true;
  const std::int64_t stalled_ns =
      std::max<std::int64_t>(0, server.stalled_until_ns - agenda_.now_ns());
  const auto delay_ns = static_cast<std::int64_t>(random_.below(chance(0.1) ? 2'000'000 : 50'000));
  on_server(server, stalled_ns + delay_ns, [this](SimServer& same) { wake(same); });
}

void Simulator::wake(SimServer& server) {
  server.wake_planned = false;
  const std::int64_t now_ns = server.local_time(agenda_.now_ns());
  // Sometimes only a part of what waits, so that batches of every size occur.
  std::size_t count = server.mailbox.size();
  if (chance(0.2)) count = 1 + random_.below(chance(0.5) ? 1 : count);
  for (; count > 0; --count) {
    Event event = std::move(server.mailbox.front());
    server.mailbox.pop_front();
    server.core->step(now_ns, std::move(event));
  }
  carry_out(server);
  if (!server.mailbox.empty()) plan_wake(server);
}

void Simulator::plan_sync(SimServer& server) {
  if (server.syncing || server.disk.waiting() == 0) return;
  server.syncing = true;
  const bool slow = faulty_ && server.slow_until_ns > agenda_.now_ns();
  const std::size_t count = chance(0.3) ? 1 : server.disk.waiting();
  const std::int64_t usual_ns =
      faulty_ ? options_.sync_ns : std::min(options_.sync_ns, calm_sync_ns);
  on_server(server, around(slow ? options_.slow_sync_ns : usual_ns),
            [this, count](SimServer& same) {
              give(same, Persisted{same.disk.sync(count, history_)});
              same.syncing = false;
              plan_sync(same);
            });
}

void Simulator::plan_apply(SimServer& server) {
  if (server.applying || server.to_apply.empty()) return;
  server.applying = true;
  on_server(server, around(200'000), [this](SimServer& same) {
    std::size_t count = 1 + random_.below(same.to_apply.size());
    for (; count > 0; --count) {
      const Entry entry = std::move(same.to_apply.front());
      same.to_apply.pop_front();
      YURT_ASSERT(entry.index == same.machine.index + 1);
      same.machine = {entry.index, chain_after(same.machine.chain, entry)};
      const auto committed = history_.committed().find(entry.index);
      if (committed == history_.committed().end() ||
          committed->second.chain != same.machine.chain) {
        note(fmt::format("server {} applied another history than was committed up to {}", same.id,
                         entry.index));
      }
      acknowledge(same, entry);
    }
    same.ever_applied = std::max(same.ever_applied, same.machine.index);
    if (chance(0.1)) same.durable_machine = same.machine;
    give(same, Applied{same.machine.index});
    same.applying = false;
    plan_apply(same);
  });
}

// A caller's write is done once this server has applied it.
void Simulator::acknowledge(SimServer& server, const Entry& entry) {
  const auto mine = server.mine.find(entry.index);
  if (mine == server.mine.end()) return;
  if (mine->second == entry.term) {
    history_.note_acknowledged(entry.index);
    ++verdict_.acknowledged_writes;
  }
  server.mine.erase(mine);
}

}  // namespace yurt::raft::sim
