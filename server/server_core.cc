#include "server/server_core.h"

#include <unistd.h>

#include <cstring>

#include "base/file.h"
#include "base/log.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "scheduler/scheduler.h"
#include "server/dry_run_view.h"
#include "server/new_evals.h"
#include "server/server_identity.h"

namespace yurt::server {
namespace {

// How often instances that want to restart are looked at.
constexpr std::int64_t turns_interval_ns = 100 * nanoseconds_per_millisecond;

std::string host_name() {
  char name[256] = "localhost";
  gethostname(name, sizeof name - 1);
  return name;
}

// Consensus names peers by number: the first half of the server's UUID, never 0.
raft::PeerId peer_id_of(const std::string& server_id) {
  const Uuid uuid = Uuid::parse(server_id).value_or(Uuid{});
  raft::PeerId id = 0;
  for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | uuid.bytes[i];
  return id == 0 ? 1 : id;
}

}  // namespace

Result<std::unique_ptr<ServerCore>> ServerCore::open(ServerSettings settings, Clock& clock,
                                                     Random& random) {
  YURT_TRY(make_folders(settings.data_dir, 0700));
  YURT_ASSIGN(std::string id, load_or_make_server_id(settings.data_dir, random));
  ServerIdentity identity;
  identity.name = settings.name.empty() ? host_name() : settings.name;
  identity.region = settings.region;
  identity.datacenter = settings.datacenter;
  identity.id = std::move(id);
  identity.http_address = settings.http_address;
  identity.rpc_address = settings.rpc_address;
  identity.version = settings.version;
  std::unique_ptr<ServerCore> core(
      new ServerCore(std::move(settings), std::move(identity), clock, random));
  YURT_TRY(core->open_parts());
  return core;
}

ServerCore::ServerCore(ServerSettings settings, ServerIdentity identity, Clock& clock,
                       Random& random)
    : settings_(std::move(settings)),
      identity_(std::move(identity)),
      clock_(clock),
      random_(random) {}

Status ServerCore::open_parts() {
  const bool named = !settings_.key_file.empty();
  const auto key_file = named ? settings_.key_file : settings_.data_dir / "keyfile";
  const bool alone = settings_.bootstrap_expect == 1 && settings_.retry_join.empty();
  if (named && !alone && !std::filesystem::exists(key_file)) {
    return Error{ErrorCode::invalid_argument, "server.key_file: " + key_file.string() +
                                                  " does not exist; all servers need the same one"};
  }
  YURT_ASSIGN(keyring_, Keyring::open(key_file, alone));
  YURT_ASSIGN(store_, StateStore::open(settings_.data_dir / "state"));
  static_cast<void>(store_->subscribe(this));
  events_ = std::make_unique<EventRing>(settings_.event_buffer_size);
  static_cast<void>(store_->subscribe(events_.get()));
  raft::Options options;
  options.self = peer_id_of(identity_.id);
  options.address = identity_.rpc_address;
  options.folder = settings_.data_dir / "raft";
  options.bootstrap_expect = settings_.bootstrap_expect;
  options.retry_join = settings_.retry_join;
  YURT_ASSIGN(consensus_, raft::Consensus::open(std::move(options), *store_, clock_, random_));
  timers_ = std::make_unique<Timers>(clock_);
  watchers_ = std::make_unique<Watchers>(*store_, *timers_);
  proposer_ = std::make_unique<Proposer>(*consensus_, clock_);
  hub_ =
      std::make_unique<Hub>(*store_, *proposer_, clock_, random_, *keyring_,
                            Hub::Cluster{.leadership = [this] { return consensus_->leadership(); },
                                         .servers =
                                             [this] {
                                               std::vector<std::string> out;
                                               for (const auto& peer : consensus_->peers())
                                                 out.push_back(peer.address);
                                               return out;
                                             },
                                         .region = identity_.region});
  consensus_->on_leadership([this](const raft::Leadership& leadership) {
    std::lock_guard lock(mutex_);
    leads_ = leadership.self;
    leads_in_ = leadership.self ? leadership.term : 0;
    changed_.notify_one();
  });
  return {};
}

ServerCore::~ServerCore() { stop(); }

std::vector<grpc::Service*> ServerCore::services() {
  return {consensus_->service(), hub_->service()};
}

void ServerCore::start() {
  leadership_thread_ = std::thread([this] { follow_leadership(); });
  grant_turns_regularly();
  consensus_->start();
}

void ServerCore::grant_turns_regularly() {
  timers_->after(turns_interval_ns, [this] {
    hub_->grant_turns();
    grant_turns_regularly();
  });
}

void ServerCore::follow_leadership() {
  std::shared_ptr<Leader> mine;
  raft::Term mine_term = 0;
  std::uint64_t mine_replacements = 0;
  while (true) {
    bool lead = false, stopping = false;
    raft::Term term = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] {
        return stopping_ || leads_in_ != mine_term || replacements_ != mine_replacements;
      });
      mine_replacements = replacements_;
      stopping = stopping_;
      lead = leads_ && !stopping_;
      term = leads_in_;
    }
    if (mine) {
      hub_->set_leader(nullptr, nullptr);
      {
        std::lock_guard lock(leader_mutex_);
        leader_.reset();
      }
      mine->stop();
      mine.reset();
      YURT_LOG(info, "server", "no longer leading");
    }
    if (stopping) return;
    mine_term = term;
    if (!lead) continue;
    YURT_LOG(info, "server", "leading in term {}", term);
    mine = std::make_shared<Leader>(*store_, *proposer_, *timers_, clock_, random_, *keyring_,
                                    settings_.leader);
    {
      std::lock_guard lock(leader_mutex_);
      leader_ = mine;
    }
    hub_->set_leader(&mine->heartbeats(), std::make_shared<RestartTurns>());
  }
}

void ServerCore::on_changes(const ChangesRef& changes) {
  if (!changes->replaced) return;
  std::lock_guard lock(mutex_);
  ++replacements_;
  changed_.notify_one();
}

void ServerCore::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    stopping_ = true;
    changed_.notify_one();
  }
  if (hub_) hub_->stop();
  if (leadership_thread_.joinable()) leadership_thread_.join();
  if (timers_) timers_->stop();
  if (consensus_) consensus_->stop();
  if (store_) store_->unsubscribe(this);
  if (store_ && events_) store_->unsubscribe(events_.get());
}

void ServerCore::propose(model::Command command, std::function<void(Result<Applied>)> done) {
  proposer_->propose(std::move(command), std::move(done));
}

void ServerCore::when_changed(std::vector<Table> tables, std::uint64_t index,
                              std::int64_t deadline_ns, std::function<void()> done) {
  watchers_->when_changed(std::move(tables), index, deadline_ns, std::move(done));
}

Status ServerCore::each_row(
    const std::function<Status(std::string_view, std::string_view)>& visit) const {
  return store_->each_row(visit);
}

void ServerCore::each_run(const std::string& ns, const std::string& job,
                          const std::function<bool(const model::RunRecord&)>& visit) const {
  store_->each_run(ns, job, visit);
}

scheduler::Outcome ServerCore::dry_run(const model::Job& job) {
  const Snapshot state = snapshot();
  const DryRunView view(state, job);
  scheduler::ClusterView cluster(scheduler::Counting::until_client_terminal);
  std::vector<NodeRef> nodes;
  state.tables().nodes.each([&](const NodeId&, const NodeRef& node) {
    nodes.push_back(node);
    return true;
  });
  std::vector<AllocRef> allocs;
  state.tables().allocs.each([&](const AllocId&, const AllocRef& alloc) {
    if (!alloc->client_terminal()) allocs.push_back(alloc);
    return true;
  });
  cluster.rebuild(nodes, allocs);
  model::Evaluation eval = new_eval(*view.registered(), "job-register", random_);
  eval.set_annotate_plan(true);
  SeededRandom chance(std::hash<EvalId>()(EvalId::parse_or_nil(eval.id())));
  return scheduler::schedule({.eval = eval,
                              .state = view,
                              .cluster = cluster,
                              .now_ns = clock_.wall_ns(),
                              .random = chance});
}

Result<std::unique_ptr<AgentSession>> ServerCore::open_session(const NodeId& node,
                                                               const model::SessionRequest& request,
                                                               SessionEvents events) {
  return hub_->open_session(node, request, std::move(events));
}

std::string ServerCore::node_stats(const NodeId& node) const { return hub_->node_stats(node); }

void ServerCore::collect_garbage(std::function<void(Status)> done) {
  std::shared_ptr<Leader> leader;
  {
    std::lock_guard lock(leader_mutex_);
    leader = leader_;
  }
  if (!leader) {
    done(Error{ErrorCode::unavailable, "this server does not lead"});
    return;
  }
  leader->collect_garbage(true, std::move(done));
}

ServerCore::Figures ServerCore::figures() const {
  std::shared_ptr<Leader> leader;
  {
    std::lock_guard lock(leader_mutex_);
    leader = leader_;
  }
  Figures out;
  out.leading = leader != nullptr;
  if (leader) out.leader = leader->figures();
  out.agents = hub_->connected();
  return out;
}

}  // namespace yurt::server
