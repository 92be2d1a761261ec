#include "agent/session/session_server.h"

#include <utility>

#include "agent/gpu/task_gpu_use.h"
#include "agent/session/session.h"
#include "agent/stats/alloc_stats.h"
#include "base/log.h"

namespace yurt::agent {
namespace {

struct Target {
  std::string alloc_id;
  std::string task;
};

Target target_of(const model::SessionRequest& request) {
  using Kind = model::SessionRequest::KindCase;
  switch (request.kind_case()) {
    case Kind::kLogs: return {request.logs().alloc_id(), request.logs().task()};
    case Kind::kStreamFile: return {request.stream_file().alloc_id(), ""};
    case Kind::kListFiles: return {request.list_files().alloc_id(), ""};
    case Kind::kStatFile: return {request.stat_file().alloc_id(), ""};
    case Kind::kReadFile: return {request.read_file().alloc_id(), ""};
    // "task/part": tasks' names have no slash.
    case Kind::kExec: {
      const std::string& task = request.exec().task();
      return {request.exec().alloc_id(), task.substr(0, task.find('/'))};
    }
    case Kind::kAllocStats: return {request.alloc_stats().alloc_id(), request.alloc_stats().task()};
    case Kind::kRestart: return {request.restart().alloc_id(), request.restart().task_name()};
    case Kind::kSignal: return {request.signal().alloc_id(), request.signal().task()};
    case Kind::kAllocChecks: return {request.alloc_checks().alloc_id(), ""};
    case Kind::kNodeStats:
    case Kind::KIND_NOT_SET: return {};
  }
  return {};
}

Error unknown(const std::string& alloc_id) {
  return {ErrorCode::not_found, "Unknown allocation \"" + alloc_id + "\""};
}

Error stopping() { return {ErrorCode::unavailable, "the agent is shutting down"}; }

Status send_json(SessionStream& stream, std::string json) {
  model::SessionFrame frame;
  frame.mutable_json()->set_json(std::move(json));
  if (stream.write(frame)) return {};
  return Error{ErrorCode::unavailable, "the caller is gone"};
}

struct NamedRun {
  std::string task;
  std::string name;  // the worker's, if it is one
  std::shared_ptr<drivers::Task> run;
};
using Runs = std::vector<NamedRun>;

Status serve_alloc_stats(Result<Runs> runs, const AllocGpus& gpus, double core_mhz, Clock& clock,
                         SessionStream& stream) {
  if (!runs.ok()) return runs.error();
  std::vector<TaskSample> stats;
  for (const auto& [task, name, run] : *runs) {
    // A task that has just ended is left out.
    if (auto sample = run->stats(); sample.ok()) stats.push_back({task, name, std::move(*sample)});
  }
  return send_json(stream, alloc_stats_json(stats, gpus, core_mhz, clock.wall_ns()));
}

}  // namespace

SessionServer::SessionServer(Loop& loop, Clock& clock, Supervisor& supervisor,
                             HostStats& host_stats)
    : loop_(loop), clock_(clock), supervisor_(supervisor), host_stats_(host_stats) {}

SessionServer::~SessionServer() { stop(); }

void SessionServer::open(const std::shared_ptr<ServerLink>& link,
                         const model::OpenSession& wanted) {
  bool full = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    full = running_ >= max_sessions;
    ++running_;
  }
  std::thread([this, link, wanted, full] {
    if (auto stream = link->open_session(wanted.session_id())) {
      bool ended = false;
      {
        const std::lock_guard lock(mutex_);
        ended = stopped_;
        streams_.insert(stream.get());
      }
      if (full && !ended) {
        model::SessionFrame last;
        last.mutable_end()->set_code(name_of(ErrorCode::resource_exhausted));
        last.mutable_end()->set_message("the agent serves too many sessions already");
        (void)stream->write(last);
      } else if (!ended) {
        run(*stream, wanted.request());
      }
      stream->finish();
      const std::lock_guard lock(mutex_);
      streams_.erase(stream.get());
    }
    const std::lock_guard lock(mutex_);
    --running_;
    ended_.notify_all();
  }).detach();
}

void SessionServer::stop() {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  for (auto* stream : streams_) stream->cancel();
  ended_.wait(lock, [this] { return running_ == 0; });
}

void SessionServer::run(SessionStream& stream, const model::SessionRequest& request) {
  const Target target = target_of(request);
  const LookUp look_up = [this, target]() -> Result<AllocView> {
    auto view = loop_.call<Result<AllocView>>([this, target]() -> Result<AllocView> {
      const auto runner = supervisor_.find(target.alloc_id);
      if (!runner) return unknown(target.alloc_id);
      AllocView alloc;
      alloc.root = runner->dir().root();
      alloc.run = runner->run_named(target.task);
      const auto named = runner->find(target.task);
      alloc.has_task = named.has_value();
      if (!named) return alloc;
      const WorkerSet& task = runner->machine().tasks()[named->task];
      alloc.may_run = named->worker ? !task.copy(*named->worker).dead() : !task.dead();
      if (named->worker || !task.spec().workers) {
        alloc.logs = {target.task};
        return alloc;
      }
      for (std::size_t i = 0; i < task.size(); ++i) {
        alloc.logs.push_back(worker_name(target.task, i));
      }
      return alloc;
    });
    if (!view) return stopping();
    return std::move(*view);
  };
  const auto with_alloc = [&](auto serve) -> Status {
    YURT_ASSIGN(const AllocView alloc, look_up());
    return serve(alloc);
  };
  const auto on_runner = [&](auto act) -> Status {
    auto status = loop_.call<Status>([&]() -> Status {
      const auto runner = supervisor_.find(target.alloc_id);
      if (!runner) return unknown(target.alloc_id);
      return act(*runner);
    });
    if (!status) return stopping();
    return *status;
  };

  using Kind = model::SessionRequest::KindCase;
  Status status;
  switch (request.kind_case()) {
    case Kind::kLogs: status = serve_logs(request.logs(), look_up, stream); break;
    case Kind::kStreamFile:
      status = with_alloc([&](const AllocView& alloc) {
        return serve_file_stream(request.stream_file(), alloc, stream);
      });
      break;
    case Kind::kListFiles:
      status = with_alloc([&](const AllocView& alloc) {
        return serve_file_list(request.list_files(), alloc, stream);
      });
      break;
    case Kind::kStatFile:
      status = with_alloc([&](const AllocView& alloc) {
        return serve_file_stat(request.stat_file(), alloc, stream);
      });
      break;
    case Kind::kReadFile:
      status = with_alloc(
          [&](const AllocView& alloc) { return serve_file(request.read_file(), alloc, stream); });
      break;
    case Kind::kExec:
      status = with_alloc(
          [&](const AllocView& alloc) { return serve_exec(request.exec(), alloc, stream); });
      if (status.ok()) return;
      break;
    case Kind::kAllocStats: {
      double core_mhz = 0;
      AllocGpus gpus{.alloc_id = target.alloc_id};
      auto runs = loop_.call<Result<Runs>>([&]() -> Result<Runs> {
        const auto runner = supervisor_.find(target.alloc_id);
        if (!runner) return unknown(target.alloc_id);
        const auto& cpu = supervisor_.node().node_resources().cpu();
        core_mhz = static_cast<double>(cpu.cpu_shares()) / std::max(1, cpu.total_cpu_cores());
        Runs all;
        for (std::size_t i = 0; i < runner->machine().tasks().size(); ++i) {
          const WorkerSet& task = runner->machine().tasks()[i];
          const std::string& name = task.spec().name;
          for (std::size_t worker = 0; worker < task.size(); ++worker) {
            const std::string own = task.spec().workers ? worker_name(name, worker) : name;
            if (!target.task.empty() && name != target.task && own != target.task) continue;
            if (auto run = runner->run_of({i, worker})) all.push_back({name, own, std::move(run)});
          }
          const auto own = granted_gpus(runner->assignment(), name);
          if (!own.empty()) gpus.by_task[name] = {own.begin(), own.end()};
        }
        return all;
      });
      gpus.latest = host_stats_.gpus();
      status = runs ? serve_alloc_stats(std::move(*runs), gpus, core_mhz, clock_, stream)
                    : Status(stopping());
      break;
    }
    case Kind::kNodeStats: status = send_json(stream, host_stats_.sample(clock_.wall_ns())); break;
    case Kind::kAllocChecks: {
      std::string results;
      status = on_runner([&](AllocRunner& runner) -> Status {
        results = runner.check_results();
        return {};
      });
      if (status.ok()) status = send_json(stream, std::move(results));
      break;
    }
    case Kind::kRestart:
      status = on_runner([&](AllocRunner& runner) {
        return runner.restart(target.task, request.restart().all_tasks(), "User requested restart");
      });
      break;
    case Kind::kSignal:
      status = on_runner([&](AllocRunner& runner) {
        return runner.signal(target.task, request.signal().signal());
      });
      break;
    case Kind::KIND_NOT_SET:
      status = Error{ErrorCode::unimplemented, "this agent does not know that request"};
  }
  model::SessionFrame last;
  auto& end = *last.mutable_end();
  if (!status.ok()) {
    end.set_code(name_of(status.error().code));
    end.set_message(status.error().message);
  }
  (void)stream.write(last);
}

}  // namespace yurt::agent
