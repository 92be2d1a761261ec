#include "cli/streaming.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace yurt::cli {
namespace {

constexpr std::int64_t default_tail_lines = 10;

Result<std::string> alloc_of_job(Session& session, const AllocTarget& target) {
  YURT_ASSIGN(const std::string job, resolve_job(session, target.alloc));
  model::JobAllocationsRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(job);
  YURT_ASSIGN(const auto reply,
              session.client().get<model::AllocationListResponse>("ListJobAllocations", request));
  const model::AllocationStub* best = nullptr;
  const auto better = [](const model::AllocationStub& a, const model::AllocationStub& b) {
    const bool a_runs = a.client_status() == "running", b_runs = b.client_status() == "running";
    return a_runs != b_runs ? a_runs : a.create_index() > b.create_index();
  };
  for (const auto& alloc : reply.allocations()) {
    if (!target.group.empty() && alloc.task_group() != target.group) continue;
    if (best == nullptr || better(alloc, *best)) best = &alloc;
  }
  if (best == nullptr) {
    return Error{ErrorCode::not_found,
                 "job \"" + job + "\" has no allocations" +
                     (target.group.empty() ? "" : " of group \"" + target.group + "\"") +
                     "; `yurt job status " + job + "` says why"};
  }
  return best->id();
}

Status copy_frames(Client::Stream& stream, const std::function<void(const std::string&)>& sink) {
  model::StreamFrame frame;
  while (stream.read(frame)) {
    if (!frame.data().empty()) sink(frame.data());
  }
  return stream.finish();
}

template <typename Request>
Status stream_to(Session& session, const char* operation, const Request& request,
                 const std::function<void(const std::string&)>& sink) {
  const auto stream = session.client().open(operation);
  if (!stream->write(request)) return stream->finish();
  stream->writes_done();
  return copy_frames(*stream, sink);
}

// The last lines as they are now. Looks at ever more of the end until it has seen enough.
template <typename Request>
Result<std::string> read_last_lines(Session& session, const char* operation, Request request,
                                    std::int64_t lines) {
  request.set_follow(false);
  request.set_origin("end");
  for (std::int64_t window = std::max<std::int64_t>(4096, lines * 128);; window *= 8) {
    request.set_offset(window);
    std::string text;
    YURT_TRY(stream_to(session, operation, request, [&](const auto& data) { text += data; }));
    const bool all = static_cast<std::int64_t>(text.size()) < window;
    if (all || std::count(text.begin(), text.end(), '\n') > lines) return last_lines(text, lines);
  }
}

}  // namespace

void AllocTarget::add_to(CLI::App& command) {
  command.add_option("alloc", alloc, "Allocation ID or prefix; a job's with -job")->required();
  command.add_flag("--job", by_job, "The word names a job: take its newest running allocation");
  command.add_option("--group", group, "With -job: an allocation of this group");
}

void add_worker_flag(CLI::App& command, std::optional<unsigned>& worker) {
  command.add_option("--worker", worker, "Only this worker, of a task that runs several: 0, 1, …");
}

void AllocTarget::add_task_flag(CLI::App& command) {
  command.add_option("--task", task_flag, "Task, when there are several");
  add_worker_flag(command, worker);
}

Result<std::string> find_alloc(Session& session, const AllocTarget& target) {
  return target.by_job ? alloc_of_job(session, target) : resolve_alloc(session, target.alloc);
}

Result<std::string> find_task(Session& session, const std::string& alloc_id,
                              const AllocTarget& target) {
  model::AllocationReadRequest request;
  *request.mutable_query() = query(session);
  request.set_alloc_id(alloc_id);
  YURT_ASSIGN(const auto reply,
              session.client().get<model::AllocationReadResponse>("ReadAllocation", request));
  const std::string& wanted = target.task_flag.empty() ? target.task : target.task_flag;
  std::vector<std::string> names;
  for (const auto& [name, resources] : reply.allocation().task_resources()) names.push_back(name);
  std::sort(names.begin(), names.end());
  const auto worker = [&target](const std::string& task) {
    return target.worker ? task + "." + std::to_string(*target.worker) : task;
  };
  const auto known = [&names](const std::string& task) {
    return std::find(names.begin(), names.end(), task) != names.end();
  };
  if (wanted.empty() && names.size() == 1) return worker(names.front());
  if (!wanted.empty() && known(wanted)) return worker(wanted);
  // "<task>.<worker>"
  if (!target.worker && known(wanted.substr(0, wanted.rfind('.')))) return wanted;
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  if (wanted.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "the allocation has several tasks: name one of " + list + " with -task"};
  }
  return Error{ErrorCode::not_found,
               "the allocation has no task \"" + wanted + "\"; its tasks are " + list};
}

void write_out(int fd, const std::string& data) {
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t written = ::write(fd, data.data() + done, data.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    done += static_cast<std::size_t>(written);
  }
}

void Tail::add_to(CLI::App& command) {
  command.add_flag("--tail", wanted, "Only the end: the last 10 lines, or what -n or -c says");
  command.add_option("-n,--lines", lines, "Only so many last lines")->check(CLI::PositiveNumber);
  command.add_option("-c,--bytes", bytes, "Only so many last bytes")->check(CLI::PositiveNumber);
}

std::string last_lines(const std::string& text, std::int64_t lines) {
  std::size_t at = text.size();
  if (at > 0 && text.back() == '\n') --at;
  while (at > 0) {
    const auto newline = text.rfind('\n', at - 1);
    if (newline == std::string::npos) return text;
    if (--lines <= 0) return text.substr(newline + 1);
    at = newline;
  }
  return text;
}

template <typename Request>
Status copy_stream(Session& session, const char* operation, Request request, const Tail& tail,
                   int fd) {
  const auto to_fd = [fd](const std::string& data) { write_out(fd, data); };
  request.set_origin("start");
  if (tail.bytes) {
    request.set_origin("end");
    request.set_offset(*tail.bytes);
  } else if (tail.any()) {
    YURT_ASSIGN(const std::string text, read_last_lines(session, operation, request,
                                                        tail.lines.value_or(default_tail_lines)));
    if (!request.follow()) {
      write_out(fd, text);
      return {};
    }
    // What is written meanwhile moves the window, never loses anything new.
    request.set_origin("end");
    request.set_offset(static_cast<std::int64_t>(text.size()));
  }
  return stream_to(session, operation, request, to_fd);
}

template Status copy_stream(Session&, const char*, model::LogsRequest, const Tail&, int);
template Status copy_stream(Session&, const char*, model::FileRequest, const Tail&, int);

}  // namespace yurt::cli
