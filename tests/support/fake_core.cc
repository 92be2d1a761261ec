#include "tests/support/fake_core.h"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "server/state/apply.h"
#include "server/state/rows.h"

namespace yurt::server {

void FakeConsensus::propose(std::string, std::function<void(Result<raft::Proposed>)> done) {
  done(Error{ErrorCode::unimplemented, "the fake core applies commands itself"});
}

void FakeConsensus::read_barrier(std::function<void(Result<raft::Index>)> done) {
  if (!leadership().self) return done(Error{ErrorCode::unavailable, "not the leader"});
  done(raft::Index{1});
}

raft::Leadership FakeConsensus::leadership() const {
  const std::lock_guard lock(mutex_);
  return leadership_;
}

std::vector<raft::Peer> FakeConsensus::peers() const {
  const std::lock_guard lock(mutex_);
  return peers_;
}

raft::Progress FakeConsensus::progress() const {
  raft::Progress out;
  out.term = 2;
  out.last_contact_ms = leadership().self ? 0 : 7;
  return out;
}

void FakeConsensus::add_peer(raft::Peer peer, std::function<void(Status)> done) {
  {
    const std::lock_guard lock(mutex_);
    peers_.push_back(std::move(peer));
  }
  done({});
}

void FakeConsensus::remove_peer(raft::PeerId peer, std::function<void(Status)> done) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(peers_, [&](const raft::Peer& one) { return one.id == peer; });
  }
  done({});
}

void FakeConsensus::transfer_leadership(raft::PeerId target, std::function<void(Status)> done) {
  {
    const std::lock_guard lock(mutex_);
    transfers_.push_back(target);
  }
  done({});
}

void FakeConsensus::set_leadership(raft::Leadership leadership) {
  const std::lock_guard lock(mutex_);
  leadership_ = std::move(leadership);
}

void FakeConsensus::set_peers(std::vector<raft::Peer> peers) {
  const std::lock_guard lock(mutex_);
  peers_ = std::move(peers);
}

std::vector<raft::PeerId> FakeConsensus::transfers() const {
  const std::lock_guard lock(mutex_);
  return transfers_;
}

void FakeAgent::send(const model::SessionFrame& frame) { events_.on_frame(frame); }
void FakeAgent::end(Status status) { events_.on_end(std::move(status)); }
std::vector<model::SessionFrame> FakeAgent::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

class FakeSession final : public AgentSession {
 public:
  explicit FakeSession(std::shared_ptr<FakeAgent> agent) : agent_(std::move(agent)) {}
  ~FakeSession() override { agent_->closed_ = true; }
  bool send(const model::SessionFrame& frame) override {
    const std::lock_guard lock(agent_->mutex_);
    agent_->received_.push_back(frame);
    return true;
  }
  void consumed(std::size_t bytes) override { agent_->consumed_ += bytes; }

 private:
  std::shared_ptr<FakeAgent> agent_;
};

FakeCore::FakeCore() : tables_(std::make_shared<Tables>()) {
  identity_ = {.name = "server-1",
               .region = "global",
               .datacenter = "dc1",
               .id = "6d8b2b1e-0f3c-4f0a-9b59-1c2d3e4f5a6b",
               .http_address = "127.0.0.1:4646",
               .rpc_address = "127.0.0.1:4647",
               .version = "0.1.0"};
  add_builtins(*tables_);
  tables_->index = 10;
  tables_->table_index.fill(10);
  Changes builtins;
  tables_->node_pools.each([&](const auto&, const auto& pool) {
    builtins.node_pools.push_back(pool);
    return true;
  });
  tables_->namespaces.each([&](const auto&, const auto& ns) {
    builtins.namespaces.push_back(ns);
    return true;
  });
  builtins.scheduler_config = tables_->scheduler_config;
  keep_rows(builtins);
  consensus_.set_leadership({.leader = 1, .address = "127.0.0.1:4647", .term = 2, .self = true});
  consensus_.set_peers({{.id = 1, .address = "127.0.0.1:4647", .voter = true}});
}

Snapshot FakeCore::snapshot() const {
  const std::lock_guard lock(mutex_);
  return Snapshot(std::make_shared<const Tables>(*tables_));
}

Result<Applied> FakeCore::apply_now(model::Command command) {
  const std::lock_guard lock(mutex_);
  if (command.time() == 0) command.set_time(clock_.wall_ns());
  const auto changes = std::make_shared<Changes>();
  Transaction transaction(*tables_, *changes);
  transaction.begin(tables_->index + 1, command.time(), static_cast<int>(command.kind_case()));
  auto applied = yurt::server::apply(transaction, command);
  transaction.finish();
  tables_->index += 1;
  changes->index = tables_->index;
  keep_rows(*changes);
  events_.on_changes(changes);
  return applied;
}

namespace {

class RowKeeper final : public rocksdb::WriteBatch::Handler {
 public:
  explicit RowKeeper(std::map<std::string, std::string>& rows) : rows_(rows) {}
  rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    rows_[key.ToString()] = value.ToString();
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice& key) override {
    rows_.erase(key.ToString());
    return rocksdb::Status::OK();
  }

 private:
  std::map<std::string, std::string>& rows_;
};

}  // namespace

void FakeCore::keep_rows(const Changes& changes) {
  rocksdb::WriteBatch batch;
  write_rows(changes, *tables_, batch);
  RowKeeper keeper(rows_);
  YURT_ASSERT(batch.Iterate(&keeper).ok());
}

Status FakeCore::each_row(
    const std::function<Status(std::string_view, std::string_view)>& visit) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, value] : rows_) YURT_TRY(visit(key, value));
  return {};
}

void FakeCore::propose(model::Command command, std::function<void(Result<Applied>)> done) {
  if (!consensus_.leadership().self) {
    return done(Error{ErrorCode::unavailable, "not the leader"});
  }
  auto applied = apply_now(std::move(command));
  wake();
  done(std::move(applied));
}

Applied FakeCore::apply(model::Command command) {
  auto applied = apply_now(std::move(command));
  YURT_ASSERT(applied.ok());
  wake();
  return *applied;
}

void FakeCore::when_changed(std::vector<Table> tables, std::uint64_t index,
                            std::int64_t deadline_ns, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    waiters_.push_back({std::move(tables), index, deadline_ns, std::move(done)});
  }
  wake();
}

void FakeCore::wake() {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiters_, [&](Waiter& waiter) {
      const bool changed =
          std::any_of(waiter.tables.begin(), waiter.tables.end(),
                      [&](Table table) { return tables_->index_of(table) > waiter.index; });
      if (!changed && clock_.steady_ns() < waiter.deadline_ns) return false;
      due.push_back(std::move(waiter.done));
      return true;
    });
  }
  for (const auto& done : due) done();
}

void FakeCore::advance(std::int64_t by_ns) {
  clock_.now_ns += by_ns;
  wake();
}

std::size_t FakeCore::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

void FakeCore::each_run(const std::string& ns, const std::string& job,
                        const std::function<bool(const model::RunRecord&)>& visit) const {
  for (const auto& run : runs) {
    if (run.namespace_() != ns) continue;
    if (!job.empty() && run.job_id() != job && run.parent_id() != job) continue;
    if (!visit(run)) return;
  }
}

scheduler::Outcome FakeCore::dry_run(const model::Job&) { return outcome; }

Result<std::unique_ptr<AgentSession>> FakeCore::open_session(const NodeId& node,
                                                             const model::SessionRequest& request,
                                                             SessionEvents events) {
  if (!agents_connected) return Error{ErrorCode::unavailable, "No path to node"};
  auto agent = std::make_shared<FakeAgent>();
  agent->request = request;
  agent->node = node;
  agent->events_ = std::move(events);
  {
    const std::lock_guard lock(mutex_);
    agents_.push_back(agent);
  }
  return std::unique_ptr<AgentSession>(std::make_unique<FakeSession>(std::move(agent)));
}

std::string FakeCore::node_stats(const NodeId& node) const {
  const auto found = stats.find(node);
  return found == stats.end() ? "" : found->second;
}

void FakeCore::collect_garbage(std::function<void(Status)> done) {
  ++garbage_collections;
  done({});
}

std::vector<std::shared_ptr<FakeAgent>> FakeCore::agents() const {
  const std::lock_guard lock(mutex_);
  return agents_;
}

}  // namespace yurt::server
