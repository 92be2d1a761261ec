// Faults: what goes wrong, and when.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "raft/sim/simulator.h"

namespace yurt::raft::sim {

// A time near the typical one; now and then a multiple of it.
std::int64_t Simulator::around(std::int64_t typical_ns) {
  const auto bound = static_cast<std::uint64_t>(typical_ns) + 1;
  std::int64_t result = typical_ns / 2 + static_cast<std::int64_t>(random_.below(bound));
  if (faulty_ && chance(0.03)) result *= 3;
  return result;
}

bool Simulator::chance(double probability) { return random_.fraction() < probability; }

SimServer& Simulator::any_server() {
  return std::next(servers_.begin(), static_cast<std::ptrdiff_t>(random_.below(servers_.size())))
      ->second;
}

SimServer& Simulator::victim() {
  SimServer* now_leading = leader();
  return now_leading != nullptr && chance(options_.leader_struck) ? *now_leading : any_server();
}

// Repeats `action` at random times for as long as the faulty time lasts.
void Simulator::every(std::int64_t mean_ns, std::function<void()> action) {
  if (mean_ns == 0) return;
  const auto delay_ns =
      static_cast<std::int64_t>(random_.below(2 * static_cast<std::uint64_t>(mean_ns)));
  agenda_.after(delay_ns, [this, mean_ns, action = std::move(action)] {
    if (!faulty_) return;
    action();
    every(mean_ns, action);
  });
}

void Simulator::cut_links() {
  std::vector<std::pair<PeerId, PeerId>> links;
  const PeerId one = victim().id;
  const std::uint64_t kind = random_.below(6);
  const std::uint64_t side = random_.next();
  const PeerId other = any_server().id;
  for (const auto& [a, server_a] : servers_) {
    for (const auto& [b, server_b] : servers_) {
      bool cut = false;
      switch (kind) {
        case 0: cut = a == one && b == other; break;                        // one link, one way
        case 1: cut = std::minmax(a, b) == std::minmax(one, other); break;  // one link
        case 2: cut = a == one; break;                                      // one cannot speak
        case 3: cut = b == one; break;                                      // one cannot hear
        case 4: cut = a == one || b == one; break;                          // one is alone
        default: cut = (side >> a & 1) != (side >> b & 1);                  // two halves
      }
      if (cut && a != b) links.emplace_back(a, b);
    }
  }
  cut_for(links, 100'000'000 + static_cast<std::int64_t>(
                                   random_.below(chance(0.5) ? 500'000'000 : 3'000'000'000)));
}

void Simulator::cut_for(std::vector<std::pair<PeerId, PeerId>> links, std::int64_t lasts_ns) {
  for (const auto& cut : links) {
    say(fmt::format("link {} -> {} is cut", cut.first, cut.second));
    cut_.insert(cut);
  }
  agenda_.after(lasts_ns, [this, links = std::move(links)] {
    for (const auto& cut : links) cut_.erase(cut);
  });
}

void Simulator::plan_faults() {
  every(options_.partition_every_ns, [this] { cut_links(); });
  every(options_.crash_every_ns, [this] {
    // Sometimes all at once: what no disk holds is gone from the world.
    std::vector<PeerId> victims;
    if (chance(0.1)) {
      for (const auto& [id, server] : servers_) victims.push_back(id);
    } else {
      victims.push_back(victim().id);
    }
    for (const PeerId id : victims) {
      crash(servers_.at(id));
      const auto down_ns =
          static_cast<std::int64_t>(random_.below(chance(0.5) ? 50'000'000 : 2'000'000'000));
      agenda_.after(down_ns, [this, id] {
        SimServer& server = servers_.at(id);
        if (!server.up()) start(server);
      });
    }
  });
  every(options_.slow_disk_every_ns, [this] {
    victim().slow_until_ns =
        agenda_.now_ns() + static_cast<std::int64_t>(random_.below(3'000'000'000));
  });
  every(options_.stall_every_ns, [this] {
    SimServer& server = victim();
    const std::int64_t until_ns =
        agenda_.now_ns() + static_cast<std::int64_t>(random_.below(1'000'000'000));
    if (server.up()) server.stalled_until_ns = until_ns;
    say(fmt::format("{} stands still", server.id));
  });
}

void Simulator::calm_down() {
  say("all faults end");
  faulty_ = false;
  cut_.clear();
  for (auto& [id, server] : servers_) {
    server.stalled_until_ns = 0;
    if (!server.up()) start(server);
  }
}

}  // namespace yurt::raft::sim
