#include "agent/state/state_store.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/log.h"

namespace yurt::agent {
namespace {

// Keys: one letter for the kind, then the allocation's 16 bytes (and the task's name), or the job
// version, or the fact's name.
constexpr char assignment_kind = 'a';
constexpr char update_kind = 'u';
constexpr char run_kind = 'r';
constexpr char reported_kind = 'd';
constexpr char job_kind = 'j';
constexpr char fact_kind = 'f';

constexpr std::size_t id_size = 16;

std::string key(char kind, std::string_view rest) {
  std::string text(1, kind);
  text += rest;
  return text;
}

std::string job_key(const JobVersionKey& job) {
  return key(job_kind, job.ns + '\0' + job.id + '\0' + std::to_string(job.version) + '\0' +
                           std::to_string(job.create_index));
}

std::string run_text(const TaskRun& run) {
  return nlohmann::json{{"driver", run.driver},
                        {"run_id", run.run_id},
                        {"reattach_state", run.reattach_state},
                        {"restarts", run.tracker.count},
                        {"window_start_ns", run.tracker.window_start_ns}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<TaskRun> parse_run(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    TaskRun run;
    run.driver = json.at("driver").get<std::string>();
    run.run_id = json.at("run_id").get<std::string>();
    run.reattach_state = json.at("reattach_state").get<std::string>();
    run.tracker.count = json.at("restarts").get<int>();
    run.tracker.window_start_ns = json.at("window_start_ns").get<std::int64_t>();
    return run;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

Status status_of(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return Error{status.IsCorruption() ? ErrorCode::corrupt : ErrorCode::io,
               "the agent's state: " + status.ToString()};
}

}  // namespace

JobVersionKey JobVersionKey::of(const model::Assignment& assignment) {
  return {assignment.namespace_(), assignment.job_id(), assignment.job_version(),
          assignment.job_create_index()};
}

struct StateStore::Impl {
  std::unique_ptr<rocksdb::DB> db;

  Status put(const std::string& k, const std::string& value) {
    return status_of(db->Put(rocksdb::WriteOptions(), k, value));
  }
  template <typename F>
  void each(char kind, F f) const {
    const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions()));
    const std::string prefix(1, kind);
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      auto k = it->key();
      k.remove_prefix(1);
      f(std::string_view(k.data(), k.size()),
        std::string_view(it->value().data(), it->value().size()));
    }
  }
};

StateStore::StateStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StateStore::~StateStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::open(const std::filesystem::path& folder) {
  YURT_TRY(make_folders(folder, 0700));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 4 << 20;
  options.max_write_buffer_number = 2;
  options.max_total_wal_size = 16 << 20;
  options.max_background_jobs = 1;
  options.max_open_files = 32;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.stats_dump_period_sec = 0;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options, folder.string(), &db);
  if (!status.ok()) {
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
      return Error{ErrorCode::failed_precondition,
                   "another agent uses " + folder.string() + " (" + status.ToString() + ")"};
    }
    return status_of(status).error();
  }
  auto impl = std::make_unique<Impl>();
  impl->db.reset(db);
  return std::unique_ptr<StateStore>(new StateStore(std::move(impl)));
}

Result<std::vector<StoredAlloc>> StateStore::load() const {
  std::map<std::string, std::shared_ptr<const model::Job>, std::less<>> jobs;
  impl_->each(job_kind, [&](std::string_view k, std::string_view value) {
    auto job = std::make_shared<model::Job>();
    if (job->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      jobs.emplace(key(job_kind, k), std::move(job));
    }
  });
  std::map<std::string, StoredAlloc, std::less<>> allocs;
  impl_->each(assignment_kind, [&](std::string_view k, std::string_view value) {
    StoredAlloc stored;
    if (!stored.assignment.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      YURT_LOG(error, "agent", "a stored allocation can't be read; the servers will send it again");
      return;
    }
    const auto job = jobs.find(job_key(JobVersionKey::of(stored.assignment)));
    if (job == jobs.end()) {
      YURT_LOG(error, "agent", "the job of stored allocation {} is missing",
               AllocId::from_bytes(stored.assignment.id()).to_string());
      return;
    }
    stored.job = job->second;
    allocs.emplace(k, std::move(stored));
  });
  const auto owner = [&](std::string_view k) -> StoredAlloc* {
    const auto found = allocs.find(k.substr(0, id_size));
    return found == allocs.end() ? nullptr : &found->second;
  };
  impl_->each(update_kind, [&](std::string_view k, std::string_view value) {
    if (auto* alloc = owner(k)) {
      alloc->update.ParseFromArray(value.data(), static_cast<int>(value.size()));
    }
  });
  impl_->each(run_kind, [&](std::string_view k, std::string_view value) {
    auto* alloc = owner(k);
    auto run = parse_run(value);
    if (alloc != nullptr && run) alloc->runs.emplace(k.substr(id_size), std::move(*run));
  });
  impl_->each(reported_kind, [&](std::string_view k, std::string_view) {
    if (auto* alloc = owner(k)) alloc->reported = true;
  });
  std::vector<StoredAlloc> result;
  result.reserve(allocs.size());
  for (auto& [id, alloc] : allocs) result.push_back(std::move(alloc));
  return result;
}

Status StateStore::put_job(const JobVersionKey& k, const model::Job& job) {
  return impl_->put(job_key(k), job.SerializeAsString());
}

Status StateStore::put_assignment(const model::Assignment& assignment) {
  return impl_->put(key(assignment_kind, assignment.id()), assignment.SerializeAsString());
}

Status StateStore::put_progress(const model::AllocUpdate& update,
                                const std::map<std::string, TaskRun>& runs) {
  rocksdb::WriteBatch batch;
  batch.Put(key(update_kind, update.id()), update.SerializeAsString());
  for (const auto& [task, run] : runs) batch.Put(key(run_kind, update.id() + task), run_text(run));
  return status_of(impl_->db->Write(rocksdb::WriteOptions(), &batch));
}

Status StateStore::put_reported(AllocId alloc) {
  return impl_->put(key(reported_kind, alloc.to_bytes()), "");
}

Status StateStore::remove(AllocId alloc) {
  const std::string id = alloc.to_bytes();
  rocksdb::WriteBatch batch;
  batch.Delete(key(assignment_kind, id));
  batch.Delete(key(update_kind, id));
  batch.Delete(key(reported_kind, id));
  const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator(rocksdb::ReadOptions()));
  const std::string prefix = key(run_kind, id);
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    batch.Delete(it->key());
  }
  return status_of(impl_->db->Write(rocksdb::WriteOptions(), &batch));
}

Status StateStore::prune_jobs() {
  std::set<std::string> used;
  impl_->each(assignment_kind, [&](std::string_view, std::string_view value) {
    model::Assignment assignment;
    if (assignment.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      used.insert(job_key(JobVersionKey::of(assignment)));
    }
  });
  rocksdb::WriteBatch batch;
  impl_->each(job_kind, [&](std::string_view k, std::string_view) {
    const std::string full = key(job_kind, k);
    if (!used.contains(full)) batch.Delete(full);
  });
  return status_of(impl_->db->Write(rocksdb::WriteOptions(), &batch));
}

Status StateStore::put_fact(const std::string& name, const std::string& value) {
  return impl_->put(key(fact_kind, name), value);
}

std::optional<std::string> StateStore::fact(const std::string& name) const {
  std::string value;
  if (!impl_->db->Get(rocksdb::ReadOptions(), key(fact_kind, name), &value).ok()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace yurt::agent
