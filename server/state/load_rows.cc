#include <rocksdb/db.h>

#include <map>
#include <set>
#include <unordered_map>

#include "proto/batch.pb.h"
#include "proto/job.pb.h"
#include "proto/release.pb.h"
#include "proto/state.pb.h"
#include "proto/storage.pb.h"
#include "server/state/child_job.h"
#include "server/state/load_allocs.h"
#include "server/state/row_keys.h"
#include "server/state/rows.h"
#include "server/state/transaction.h"

namespace yurt::server {
namespace {

class Loader {
 public:
  explicit Loader(rocksdb::DB& db) : db_(db) {}

  Result<Tables> run() {
    YURT_TRY(load_meta());
    YURT_TRY(load_job_versions());
    YURT_TRY(load_jobs());
    YURT_TRY(load_simple());
    YURT_TRY(load_batch_work());
    YURT_TRY(load_alloc_tables());
    publish_jobs();
    drop_unused_versions();
    add_builtins(tables_);
    return std::move(tables_);
  }

 private:
  // Calls visit(value) for each row of `kind`.
  template <typename Visit>
  Status each(row::Kind kind, Visit visit) {
    rocksdb::ReadOptions options;
    options.readahead_size = 4 << 20;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(options));
    const std::string prefix(1, char(kind));
    for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
      YURT_TRY(visit(at->key().ToStringView(), at->value().ToStringView()));
    }
    if (!at->status().ok()) {
      return Error{ErrorCode::corrupt,
                   "the state database can't be read: " + at->status().ToString()};
    }
    return {};
  }

  template <typename Message>
  Status each_message(row::Kind kind, const char* what,
                      std::function<void(std::shared_ptr<const Message>)> visit) {
    return each(kind, [&](std::string_view, std::string_view value) -> Status {
      auto message = std::make_shared<Message>();
      if (!message->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
        return Error{ErrorCode::corrupt, std::string("a ") + what + "'s row cannot be read"};
      }
      visit(std::move(message));
      return {};
    });
  }

  Status load_meta() {
    return each_message<model::StoredMeta>(row::meta, "database", [&](const auto& meta) {
      tables_.index = meta->applied_index();
      tables_.index_offset = meta->index_offset();
      for (const auto& [table, index] : meta->table_indexes()) {
        if (table < tables_.table_index.size()) tables_.table_index[table] = index;
      }
    });
  }

  Status load_job_versions() {
    return each(row::job_version, [&](std::string_view key, std::string_view value) -> Status {
      auto job = std::make_shared<model::Job>();
      if (!job->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
        return Error{ErrorCode::corrupt, "a job version's row cannot be read"};
      }
      versions_.emplace(key, std::move(job));
      return {};
    });
  }

  // By its row's key; null when it is not kept.
  [[nodiscard]] JobRef find_version(const std::string& at) const {
    const auto found = versions_.find(at);
    if (found != versions_.end()) return found->second;
    const auto child = children_.find(at);
    return child == children_.end() ? nullptr : child->second;
  }

  JobRef version(const JobKey& key, std::uint64_t create_index, std::uint64_t number) {
    const std::string at = row::job_version_key(key.ns, key.id, create_index, number);
    JobRef found = find_version(at);
    if (found) used_versions_.insert(at);
    return found;
  }

  Status load_jobs() {
    Status failure;
    YURT_TRY(each_message<model::StoredJob>(row::job, "job", [&](const auto& stored) {
      auto record = std::make_shared<JobRecord>();
      const JobKey key{stored->namespace_(), stored->id()};
      if (stored->has_child() && !revive_child(key, *stored, *record)) {
        failure = Error{ErrorCode::corrupt, "job \"" + key.id + "\" lacks its parent's version"};
        return;
      }
      record->outcome = stored->outcome();
      record->last_launch = stored->last_launch();
      for (const auto& after : stored->waiting_for()) {
        record->waiting_for.push_back(std::make_shared<const model::After>(after));
        tables_.held.set(key, {});
      }
      for (std::uint64_t number : stored->versions()) {
        JobRef job = version(key, stored->create_index(), number);
        if (!job) {
          failure = Error{ErrorCode::corrupt,
                          "job \"" + key.id + "\" lacks its version " + std::to_string(number)};
          return;
        }
        record->versions.push_back(std::move(job));
      }
      record->job = record->versions.front();
      for (const auto& [number, submission] : stored->submissions()) {
        record->submissions[number] = std::make_shared<const model::JobSubmission>(submission);
      }
      const auto& summary = stored->summary();
      record->summary_modify_index = summary.modify_index();
      record->children = {summary.children().pending(), summary.children().running(),
                          summary.children().dead(), 0};
      for (const auto& [name, group] : summary.summary()) {
        record->groups[name] = {group.queued(),
                                {group.starting(), group.running(), group.complete(),
                                 group.failed(), group.lost(), group.unknown()}};
      }
      for (const auto& [group, events] : stored->scaling_events()) {
        for (const auto& event : events.events()) {
          record->scaling_events[group].push_back(
              std::make_shared<const model::ScalingEvent>(event));
        }
      }
      // A job that is not freshly registered has had work: only that gets it to "dead".
      record->had_work = record->job->status() == "dead";
      jobs_[key] = std::move(record);
    }));
    return failure;
  }

  // A child's first version is made from its parent's, with what moves taken from its own row.
  bool revive_child(const JobKey& key, const model::StoredJob& stored, JobRecord& record) {
    const auto child = std::make_shared<const model::DispatchedChild>(stored.child());
    const JobRef parent = version({key.ns, child->parent_id()}, child->parent_create_index(),
                                  child->parent_version());
    if (!parent) return false;
    model::Job job = make_child(*parent, key.id, *child);
    job.set_create_index(stored.create_index());
    job.set_job_modify_index(stored.create_index());
    job.set_modify_index(stored.modify_index());
    job.set_status(stored.status());
    job.set_status_description(stored.status_description());
    record.child = child;
    children_[row::job_version_key(key.ns, key.id, stored.create_index(), 0)] =
        std::make_shared<const model::Job>(std::move(job));
    note_token({key.ns, child->parent_id()}, child->spec().idempotency_token(), {key.id, false},
               stored.create_index());
    return true;
  }

  // Of several children with one token the youngest carries it.
  void note_token(const JobKey& parent, const std::string& token, TokenRow row,
                  std::uint64_t create_index) {
    if (token.empty()) return;
    std::uint64_t& youngest = token_ages_[{parent, token}];
    if (create_index < youngest) return;
    youngest = create_index;
    tables_.tokens.set({job_hash(parent), token}, std::move(row));
  }

  void put_waiting(const std::string& ns, std::shared_ptr<WaitingRow> row) {
    if (JobRecord* parent = job(ns, row->parent->id())) ++parent->children.waiting;
    tables_.lanes.set({job_hash(ns, row->parent->id()), -row->priority, row->create_index}, row);
    tables_.waiting.set({ns, row->id}, row);
  }

  Status load_batch_work() {
    YURT_TRY(each_message<model::WaitingChild>(row::waiting, "waiting child", [&](const auto& one) {
      const auto& child = one->child();
      auto row = std::make_shared<WaitingRow>();
      row->parent = version({one->namespace_(), child.parent_id()}, child.parent_create_index(),
                            child.parent_version());
      if (!row->parent) return;
      row->id = one->id();
      row->priority = one->priority();
      row->create_index = one->create_index();
      row->child = serialize_child(child);
      note_token({one->namespace_(), child.parent_id()}, child.spec().idempotency_token(),
                 {one->id(), false}, one->create_index());
      put_waiting(one->namespace_(), std::move(row));
    }));
    std::map<JobKey, SweepPlanRef> plans;
    YURT_TRY(each(row::sweep_plan, [&](std::string_view key, std::string_view value) -> Status {
      key.remove_prefix(1);  // the kind
      const std::size_t end = key.find('\0');
      auto plan = std::make_shared<model::SweepRecord>();
      if (end == std::string_view::npos ||
          !plan->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
        return Error{ErrorCode::corrupt, "a sweep's plan cannot be read"};
      }
      plans[{std::string(key.substr(0, end)), std::string(key.substr(end + 1))}] = std::move(plan);
      return {};
    }));
    YURT_TRY(each_message<model::SweepRecord>(row::sweep, "sweep", [&](const auto& sweep) {
      const JobKey parent_key{sweep->namespace_(), sweep->job_id()};
      const JobRecord* parent = job(parent_key.ns, parent_key.id);
      const std::uint64_t created = sweep->parent_create_index();
      const JobRef from = version(parent_key, created, sweep->job_version());
      if (!from) return;
      const auto plan = plans.find({sweep->namespace_(), sweep->id()});
      if (plan == plans.end()) return;
      tables_.sweeps.set({sweep->namespace_(), sweep->id()},
                         std::make_shared<const SweepRow>(from, plan->second, *sweep));
      note_token(parent_key, plan->second->spec().idempotency_token(), {sweep->id(), true},
                 sweep->create_index());
      if (parent == nullptr || sweep->status() != "running" ||
          sweep->launched() == sweep->total()) {
        return;
      }
      auto row = std::make_shared<WaitingRow>();
      row->parent = from;
      row->id = sweep->id();
      row->sweep = true;
      row->priority = sweep->priority();
      row->create_index = sweep->create_index();
      put_waiting(sweep->namespace_(), std::move(row));
    }));
    return each_message<model::TrialRecord>(row::trial, "trial", [&](const auto& trial) {
      tables_.trials.set({job_hash(trial->namespace_(), trial->sweep_id()), trial->trial()}, trial);
    });
  }

  JobRecord* job(const std::string& ns, const std::string& id) {
    const auto found = jobs_.find(JobKey{ns, id});
    return found == jobs_.end() ? nullptr : found->second.get();
  }

  void add_service(const ServiceRef& service) {
    tables_.services.set({service->namespace_(), service->service_name(), service->id()}, service);
    tables_.services_by_alloc.set({AllocId::parse_or_nil(service->alloc_id()), service->id()},
                                  service);
  }

  Status load_simple() {
    YURT_TRY(each_message<model::Node>(row::node, "node", [&](const auto& node) {
      tables_.nodes.set(NodeId::parse_or_nil(node->id()), node);
    }));
    YURT_TRY(each_message<model::Evaluation>(row::eval, "evaluation", [&](const auto& eval) {
      const auto id = EvalId::parse_or_nil(eval->id());
      tables_.evals.set(id, eval);
      tables_.evals_by_job.set({job_hash(eval->namespace_(), eval->job_id()), id}, eval);
      if (JobRecord* record = job(eval->namespace_(), eval->job_id())) {
        record->had_work = true;
        if (is_live(*eval)) ++record->live_evals;
      }
    }));
    YURT_TRY(each_message<model::Deployment>(row::deployment, "deployment", [&](const auto& row) {
      tables_.deployments.set(DeploymentId::parse_or_nil(row->id()), row);
      tables_.deployments_by_job.set(
          {job_hash(row->namespace_(), row->job_id()), row->create_index()}, row);
      JobRecord* record = job(row->namespace_(), row->job_id());
      if (record != nullptr && is_live(*row)) ++record->live_deployments;
    }));
    YURT_TRY(each_message<model::ServiceRegistration>(
        row::service, "service", [&](const auto& service) { add_service(service); }));
    YURT_TRY(each_message<model::NodePool>(row::node_pool, "node pool", [&](const auto& pool) {
      tables_.node_pools.set(pool->name(), pool);
    }));
    YURT_TRY(each_message<model::Namespace>(
        row::ns, "namespace", [&](const auto& ns) { tables_.namespaces.set(ns->name(), ns); }));
    YURT_TRY(each_message<model::SealedVariable>(row::variable, "variable", [&](const auto& row) {
      tables_.variables.set({row->metadata().namespace_(), row->metadata().path()}, row);
    }));
    YURT_TRY(each_message<model::RootKey>(row::root_key, "root key", [&](const auto& key) {
      tables_.root_keys.set(key->key_id(), key);
    }));
    return each_message<model::SchedulerConfiguration>(
        row::scheduler_config, "scheduler configuration",
        [&](const auto& config) { tables_.scheduler_config = config; });
  }

  Status load_alloc_tables() {
    const auto find = [&](const JobKey& key, std::uint64_t create_index, std::uint64_t number) {
      return find_version(row::job_version_key(key.ns, key.id, create_index, number));
    };
    YURT_TRY(load_allocs(db_, find, tables_));
    // Allocations of one job version mostly follow each other.
    const model::Job* last = nullptr;
    JobRecord* record = nullptr;
    tables_.allocs_by_job.each([&](const JobAllocKey&, const AllocRef& alloc) {
      const model::Job& owner = *alloc->job;
      if (&owner != last) {
        last = &owner;
        used_versions_.insert(row::job_version_key(owner.namespace_(), owner.id(),
                                                   owner.create_index(), owner.version()));
        record = job(owner.namespace_(), owner.id());
        const bool same = record != nullptr && record->job->create_index() == owner.create_index();
        if (!same) record = nullptr;
      }
      if (record != nullptr) {
        record->had_work = true;
        if (!alloc->terminal()) ++record->live_allocs;
      }
      return true;
    });
    return {};
  }

  void publish_jobs() {
    for (auto& [key, record] : jobs_) tables_.jobs.set(key, std::move(record));
  }

  void drop_unused_versions() {
    for (const auto& [key, job] : versions_) {
      if (!used_versions_.contains(key)) {
        rocksdb::WriteOptions options;
        options.disableWAL = true;
        // Only space is lost when this fails; the next start tries again.
        db_.Delete(options, key).PermitUncheckedError();
      }
    }
  }

  rocksdb::DB& db_;
  Tables tables_;
  std::map<std::pair<JobKey, std::string>, std::uint64_t> token_ages_;
  std::unordered_map<std::string, JobRef> versions_;
  std::set<std::string> used_versions_;
  std::unordered_map<std::string, JobRef> children_;  // first versions, by their row's key
  std::map<JobKey, std::shared_ptr<JobRecord>> jobs_;
};

}  // namespace

Result<Tables> load_rows(rocksdb::DB& db) { return Loader(db).run(); }

void add_builtins(Tables& tables) {
  const auto add_pool = [&](const char* name, const char* description) {
    if (tables.node_pools.find(name) != nullptr) return;
    auto pool = std::make_shared<model::NodePool>();
    pool->set_name(name);
    pool->set_description(description);
    pool->set_create_index(1);
    pool->set_modify_index(1);
    tables.node_pools.set(name, std::move(pool));
  };
  add_pool("all", "Node pool with all nodes in the cluster.");
  add_pool("default", "Default node pool.");
  if (tables.namespaces.find("default") == nullptr) {
    auto ns = std::make_shared<model::Namespace>();
    ns->set_name("default");
    ns->set_description("Default shared namespace");
    ns->set_create_index(1);
    ns->set_modify_index(1);
    tables.namespaces.set("default", std::move(ns));
  }
  if (!tables.scheduler_config) {
    auto config = std::make_shared<model::SchedulerConfiguration>();
    config->set_scheduler_algorithm("binpack");
    config->mutable_preemption_config()->set_system_scheduler_enabled(true);
    config->set_create_index(1);
    config->set_modify_index(1);
    tables.scheduler_config = std::move(config);
  }
}

}  // namespace yurt::server
