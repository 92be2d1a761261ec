// The thread, and founding; arrival_join.cc has joining and address changes.
#include "raft/shell/arrival.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ids.h"
#include "base/log.h"

namespace yurt::raft {
namespace {

constexpr std::chrono::milliseconds shortest_pause{50};
constexpr std::chrono::milliseconds longest_pause{1000};
// A server that was not heard of for this long is not counted among the founders any more.
constexpr std::int64_t forget_ns = 10 * nanoseconds_per_second;

}  // namespace

Arrival::Arrival(Settings settings, Parts parts)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      run_(settings_.random_seed),
      random_(settings_.random_seed) {}

void Arrival::start() {
  thread_ = std::thread([this] { run(); });
}

void Arrival::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  parts_.calls.cancel();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Arrival::run() {
  std::chrono::milliseconds pause = shortest_pause;
  while (work()) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [this] { return stopping_ || poked_; });
    if (stopping_) return;
    pause = std::exchange(poked_, false) ? shortest_pause : std::min(2 * pause, longest_pause);
  }
}

bool Arrival::work() {
  const Identity identity = parts_.record.get();
  release_promises(identity);
  switch (identity.standing) {
    case Standing::none:
      if (settings_.expect == 1) {
        found_alone();
      } else {
        look_around();
      }
      return true;
    case Standing::founding: gather_promises(identity); return true;
    case Standing::promised:
      say("waiting for server " + std::to_string(identity.founder) + " to found the cluster");
      return true;
    case Standing::member: break;
  }
  // Again after every start, in case the last one ended before the log had it.
  if (identity.founder == settings_.self) parts_.bootstrap(identity.peers);
  if (unknown_to_cluster(identity)) {
    ask_to_join(identity);
    return true;
  }
  return !parts_.record.get().releases.empty() || parts_.configuration().peers.empty();
}

void Arrival::found_alone() {
  const std::string cluster_id = Uuid::generate(random_).to_string();
  const Result<bool> begun = parts_.promises.begin(
      cluster_id, Configuration{{Peer{settings_.self, settings_.address, true}}});
  if (!begun.ok()) return check(begun.error());
  if (!*begun) return;
  const Result<bool> founded = parts_.promises.found(cluster_id);
  if (!founded.ok()) return check(founded.error());
  const std::lock_guard lock(mutex_);
  poked_ = true;
}

Introduction Arrival::introduce_self() const {
  Introduction self;
  self.id = settings_.self;
  self.address = settings_.address;
  self.expect = settings_.expect;
  self.run = run_;
  const Identity identity = parts_.record.get();
  if (identity.standing == Standing::member) {
    self.cluster_id = identity.cluster_id;
    const Leadership leadership = parts_.leadership();
    self.leader = leadership.leader;
    self.leader_address = leadership.address;
    self.peers = parts_.configuration();
  }
  return self;
}

void Arrival::note(const Introduction& introduction) {
  if (introduction.id == 0 || introduction.id == settings_.self) return;
  const std::lock_guard lock(mutex_);
  if (!introduction.cluster_id.empty()) {
    seen_.erase(introduction.id);
    return;
  }
  const bool news = !seen_.contains(introduction.id);
  seen_[introduction.id] = Seen{introduction, parts_.clock.steady_ns()};
  if (news) {
    poked_ = true;
    changed_.notify_all();
  }
}

// Meets everybody it knows an address of; then joins the cluster somebody is in, or begins to found
// one when enough are there and this is the one to do it.
void Arrival::look_around() {
  const Introduction self = introduce_self();
  for (const std::string& address : settings_.retry_join) {
    const Result<Introduction> met = parts_.calls.meet(address, self);
    if (!met.ok()) {
      say(met.error().message);
      continue;
    }
    if (met->id == settings_.self) {
      if (met->run != run_) {
        say("the server at " + address + " has this server's id " + std::to_string(met->id) +
            ": give each server an id of its own");
      }
      continue;
    }
    if (!met->cluster_id.empty()) return consider_joining(*met);
    note(*met);
  }
  if (settings_.expect < 2) return;

  Configuration peers{{Peer{settings_.self, settings_.address, true}}};
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t now_ns = parts_.clock.steady_ns();
    std::erase_if(seen_, [&](const auto& seen) { return seen.second.at_ns + forget_ns < now_ns; });
    for (const auto& [id, seen] : seen_) {
      if (seen.introduction.expect != settings_.expect) continue;
      if (peers.peers.size() == static_cast<std::size_t>(settings_.expect)) break;
      peers = peers.with(Peer{id, seen.introduction.address, true});
    }
  }
  if (peers.peers.size() < static_cast<std::size_t>(settings_.expect)) {
    say("waiting for " + std::to_string(settings_.expect) + " servers to found a cluster, " +
        std::to_string(peers.peers.size()) + " are here");
    return;
  }
  if (peers.peers.front().id != settings_.self) return;
  const Result<bool> begun = parts_.promises.begin(Uuid::generate(random_).to_string(), peers);
  if (!begun.ok()) return check(begun.error());
  attempt_ns_ = parts_.clock.steady_ns();
  const std::lock_guard lock(mutex_);
  poked_ = true;
}

void Arrival::gather_promises(const Identity& identity) {
  if (attempt_ns_ == 0) attempt_ns_ = parts_.clock.steady_ns();
  const PromiseRequest request{settings_.self, identity.cluster_id, identity.peers};
  bool all = true;
  bool give_up = false;
  for (const Peer& peer : identity.peers.peers) {
    if (peer.id == settings_.self) continue;
    const Result<PromiseReply> reply = parts_.calls.promise(peer.address, request);
    if (reply.ok() && reply->granted) continue;
    all = false;
    if (!reply.ok()) {
      say("cannot found the cluster yet: " + reply.error().message);
      continue;
    }
    say("cannot found the cluster yet: server " + std::to_string(peer.id) + " at " + peer.address +
        " says that " + reply->reason);
    give_up = give_up || !reply->cluster_id.empty() ||
              (reply->promised_to != 0 && reply->promised_to < settings_.self);
  }
  if (all) {
    const Result<bool> founded = parts_.promises.found(identity.cluster_id);
    if (!founded.ok()) return check(founded.error());
    if (*founded) {
      YURT_LOG(info, "raft", "founding cluster {} with {} servers", identity.cluster_id,
               identity.peers.peers.size());
    }
  } else if (give_up || attempt_ns_ + forget_ns < parts_.clock.steady_ns()) {
    attempt_ns_ = 0;
    check(parts_.promises.give_up(identity.cluster_id));
  } else {
    return;
  }
  const std::lock_guard lock(mutex_);
  poked_ = true;
}

void Arrival::release_promises(const Identity& identity) {
  for (const ReleaseDue& due : identity.releases) {
    const Status told = parts_.calls.release(due.peer.address, {settings_.self, due.cluster_id});
    if (told.ok()) check(parts_.promises.released(due));
  }
}

Introduction Arrival::meet(const Introduction& caller) {
  note(caller);
  return introduce_self();
}

PromiseReply Arrival::promise(const PromiseRequest& request) {
  return parts_.promises.promise(request);
}

Status Arrival::release(const ReleaseRequest& request) { return parts_.promises.release(request); }

void Arrival::check(const Status& status) {
  if (!status.ok()) say(status.error().message);
}

void Arrival::say(const std::string& line) {
  constexpr std::size_t enough = 100;
  if (said_.size() >= enough) said_.clear();
  if (said_.insert(line).second) YURT_LOG(info, "raft", "server {}: {}", settings_.self, line);
}

}  // namespace yurt::raft
