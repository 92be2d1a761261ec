#include <rocksdb/write_batch.h>

#include <unordered_set>

#include "proto/batch.pb.h"
#include "proto/job.pb.h"
#include "proto/release.pb.h"
#include "proto/state.pb.h"
#include "proto/storage.pb.h"
#include "server/state/alloc_row.h"
#include "server/state/row_keys.h"
#include "server/state/rows.h"

namespace yurt::server {
namespace {

template <typename Change, typename Id, typename Encode>
void write_change(rocksdb::WriteBatch& batch, row::Kind kind, const Change& change, Id id,
                  Encode encode) {
  const auto& row = change.after ? change.after : change.before;
  const std::string key = row::key(kind, id(*row));
  if (change.after) {
    batch.Put(key, encode(*change.after));
  } else {
    batch.Delete(key);
  }
}

template <typename Message>
std::string bytes_of(const Message& message) {
  return message.SerializeAsString();
}

model::StoredJob stored_job(const JobRecord& record) {
  model::StoredJob out;
  out.set_namespace_(record.job->namespace_());
  out.set_id(record.job->id());
  out.set_create_index(record.job->create_index());
  out.set_modify_index(record.job->modify_index());
  out.set_status(record.job->status());
  out.set_status_description(record.job->status_description());
  for (const JobRef& job : record.versions) out.add_versions(job->version());
  for (const auto& [version, submission] : record.submissions) {
    (*out.mutable_submissions())[version] = *submission;
  }
  auto* summary = out.mutable_summary();
  summary->set_modify_index(record.summary_modify_index);
  for (const auto& [name, counts] : record.groups) {
    auto& group = (*summary->mutable_summary())[name];
    const auto count = [&counts = counts](ClientStatus status) {
      return counts.by_client_status[static_cast<std::size_t>(status)];
    };
    group.set_queued(counts.queued);
    group.set_starting(count(ClientStatus::pending));
    group.set_running(count(ClientStatus::running));
    group.set_complete(count(ClientStatus::complete));
    group.set_failed(count(ClientStatus::failed));
    group.set_lost(count(ClientStatus::lost));
    group.set_unknown(count(ClientStatus::unknown));
  }
  auto* children = summary->mutable_children();
  children->set_pending(record.children.pending);
  children->set_running(record.children.running);
  children->set_dead(record.children.dead);
  if (record.child) *out.mutable_child() = *record.child;
  out.set_outcome(record.outcome);
  out.set_last_launch(record.last_launch);
  for (const auto& after : record.waiting_for) *out.add_waiting_for() = *after;
  for (const auto& [group, events] : record.scaling_events) {
    auto& stored = (*out.mutable_scaling_events())[group];
    for (const auto& event : events) *stored.add_events() = *event;
  }
  return out;
}

void put_version(rocksdb::WriteBatch& batch, const model::Job& version) {
  batch.Put(row::job_version_key(version.namespace_(), version.id(), version.create_index(),
                                 version.version()),
            bytes_of(version));
}

void write_job(rocksdb::WriteBatch& batch, const JobChange& change) {
  const model::Job& any = change.after ? *change.after->job : *change.before->job;
  const std::string key = row::job_key(any.namespace_(), any.id());
  if (!change.after) {
    batch.Delete(key);
    return;
  }
  batch.Put(key, bytes_of(stored_job(*change.after)));
  for (const JobRef& version : change.after->versions) {
    // A version that was stored already, and is the same object, has not changed.
    bool known = false;
    if (change.before) {
      for (const JobRef& old : change.before->versions) known |= old == version;
    }
    // A child's first version is made from its parent's.
    if (known || (change.after->child && version->version() == 0)) continue;
    put_version(batch, *version);
  }
}

void write_waiting(rocksdb::WriteBatch& batch, const WaitingChange& change) {
  const WaitingRow& row = change.after ? *change.after : *change.before;
  if (row.sweep) return;  // follows from the sweep's own row
  const std::string key = row::named_key(row::waiting, change.ns, row.id);
  if (!change.after) {
    batch.Delete(key);
    return;
  }
  model::WaitingChild stored;
  stored.set_namespace_(change.ns);
  stored.set_id(row.id);
  stored.set_priority(row.priority);
  stored.set_create_index(row.create_index);
  stored.mutable_child()->ParseFromString(row.child);
  batch.Put(key, bytes_of(stored));
}

// One batch may move a sweep and its trials many times: only how they stand at its end is written.
void write_sweeps(const Changes& changes, rocksdb::WriteBatch& batch) {
  std::unordered_set<std::string> written;
  for (auto sweep = changes.sweeps.rbegin(); sweep != changes.sweeps.rend(); ++sweep) {
    const model::SweepRecord& record = *(*sweep)->record;
    std::string key = row::named_key(row::sweep, record.namespace_(), record.id());
    // Its first change may lie anywhere among those of the batch.
    if (record.create_index() == record.modify_index()) {
      batch.Put(row::named_key(row::sweep_plan, record.namespace_(), record.id()),
                bytes_of(*(*sweep)->plan));
    }
    if (!written.insert(key).second) continue;
    batch.Put(key, bytes_of(record));
  }
  for (auto trial = changes.trials.rbegin(); trial != changes.trials.rend(); ++trial) {
    std::string key =
        row::trial_key((*trial)->namespace_(), (*trial)->sweep_id(), (*trial)->trial());
    if (!written.insert(key).second) continue;
    batch.Put(key, bytes_of(**trial));
  }
  for (const ForgottenSweep& gone : changes.forgotten_sweeps) {
    const JobKey& key = gone.key;
    batch.Delete(row::named_key(row::sweep, key.ns, key.id));
    batch.Delete(row::named_key(row::sweep_plan, key.ns, key.id));
    for (const std::uint32_t trial : gone.trials) {
      batch.Delete(row::trial_key(key.ns, key.id, trial));
    }
  }
}

void write_batch_work(const Changes& changes, rocksdb::WriteBatch& batch) {
  for (const auto& change : changes.waiting) write_waiting(batch, change);
  write_sweeps(changes, batch);
  for (const auto& run : changes.runs) {
    const std::string& job = run->parent_id().empty() ? run->job_id() : run->parent_id();
    batch.Put(row::run_key(run->namespace_(), job, run->index(), run->job_id()), bytes_of(*run));
  }
}

void write_variables(const Changes& changes, rocksdb::WriteBatch& batch) {
  for (const auto& change : changes.variables) {
    const std::string key = row::named_key(row::variable, change.key.ns, change.key.id);
    if (change.after) {
      batch.Put(key, bytes_of(*change.after));
    } else {
      batch.Delete(key);
    }
  }
  for (const auto& change : changes.root_keys) {
    const std::string key = row::key(row::root_key, change.id);
    if (change.after) {
      batch.Put(key, bytes_of(*change.after));
    } else {
      batch.Delete(key);
    }
  }
}

}  // namespace

void write_rows(const Changes& changes, const Tables& tables, rocksdb::WriteBatch& batch) {
  const auto raw_id = [](const auto& row) {
    return Uuid::parse(row.id()).value_or(Uuid{}).to_bytes();
  };
  const auto message_bytes = [](const auto& row) { return bytes_of(row); };
  for (const auto& change : changes.jobs) write_job(batch, change);
  for (const JobRef& version : changes.orphaned_versions) put_version(batch, *version);
  AllocRowEncoder encoder;
  for (const auto& change : changes.allocs) {
    write_change(
        batch, row::alloc, change, [](const Allocation& row) { return row.id.to_bytes(); },
        [&](const Allocation& row) -> const std::string& { return encoder.encode(row); });
  }
  for (const auto& change : changes.evals) {
    write_change(batch, row::eval, change, raw_id, message_bytes);
  }
  for (const auto& change : changes.nodes) {
    write_change(batch, row::node, change, raw_id, message_bytes);
  }
  for (const auto& change : changes.deployments) {
    write_change(batch, row::deployment, change, raw_id, message_bytes);
  }
  for (const auto& change : changes.services) {
    const auto& any = change.after ? *change.after : *change.before;
    const std::string key = row::named_key(row::service, any.namespace_(), any.id());
    if (change.after) {
      batch.Put(key, bytes_of(any));
    } else {
      batch.Delete(key);
    }
  }
  for (const auto& pool : changes.node_pools) {
    batch.Put(row::key(row::node_pool, pool->name()), bytes_of(*pool));
  }
  for (const auto& name : changes.deleted_node_pools) {
    batch.Delete(row::key(row::node_pool, name));
  }
  for (const auto& ns : changes.namespaces) {
    batch.Put(row::key(row::ns, ns->name()), bytes_of(*ns));
  }
  for (const auto& name : changes.deleted_namespaces) batch.Delete(row::key(row::ns, name));
  write_batch_work(changes, batch);
  write_variables(changes, batch);
  if (changes.scheduler_config) {
    batch.Put(row::key(row::scheduler_config, ""), bytes_of(*changes.scheduler_config));
  }
  model::StoredMeta meta;
  meta.set_applied_index(tables.index);
  meta.set_index_offset(tables.index_offset);
  for (std::size_t i = 0; i < tables.table_index.size(); ++i) {
    (*meta.mutable_table_indexes())[static_cast<std::uint32_t>(i)] = tables.table_index[i];
  }
  batch.Put(row::key(row::meta, ""), bytes_of(meta));
}

}  // namespace yurt::server
