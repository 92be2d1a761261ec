#include "agent/checks/script_probe.h"

#include <mutex>
#include <utility>

#include "base/duration.h"

namespace yurt::agent {
namespace {

constexpr std::size_t kept_script_output_bytes = 4 << 10;

// What the script wrote; filled by the driver's threads.
struct ScriptOutput {
  std::mutex mutex;
  std::string text;

  void add(std::string_view piece) {
    const std::lock_guard lock(mutex);
    text += piece.substr(0, kept_script_output_bytes - text.size());
  }
  std::string take() {
    const std::lock_guard lock(mutex);
    while (text.ends_with('\n')) text.pop_back();
    return std::move(text);
  }
};

ProbeResult result_of(const drivers::ExitResult& exit, std::string output) {
  ProbeResult result;
  if (!exit.error.empty()) {
    result.output = "script: " + exit.error;
    return result;
  }
  if (exit.signal == 0 && exit.exit_code == 0) result.health = Health::passing;
  if (exit.signal == 0 && exit.exit_code == 1) result.health = Health::warning;
  result.output = std::move(output);
  if (result.output.empty()) {
    result.output = "script: exit code " + std::to_string(exit.exit_code);
  }
  return result;
}

}  // namespace

std::shared_ptr<ScriptProbe> ScriptProbe::start(RunnerContext& context,
                                                std::shared_ptr<drivers::Task> task,
                                                std::vector<std::string> command,
                                                std::int64_t timeout_ns, Done done) {
  const std::shared_ptr<ScriptProbe> probe(new ScriptProbe(context, std::move(done)));
  const std::weak_ptr<ScriptProbe> weak = probe;
  Loop& loop = context.loop;
  probe->timeout_ = loop.at(context.clock.steady_ns() + timeout_ns, [weak, timeout_ns] {
    const auto self = weak.lock();
    if (!self) return;
    ProbeResult late;
    late.output = "script: did not end within its timeout of " + format_duration(timeout_ns);
    self->finish(std::move(late));
  });
  const auto output = std::make_shared<ScriptOutput>();
  drivers::ExecEvents events;
  events.on_output = [output](drivers::ExecStream, std::string_view piece) { output->add(piece); };
  events.on_exit = [weak, &loop, output](const drivers::ExitResult& exit) {
    loop.post([weak, result = result_of(exit, output->take())]() mutable {
      if (const auto self = weak.lock()) self->finish(std::move(result));
    });
  };
  drivers::ExecRequest request;
  request.command = std::move(command);
  // The driver may have to ask somebody: not on the loop.
  context.quick.submit([weak, &loop, task = std::move(task), request = std::move(request),
                        events = std::move(events)] {
    auto session = task->exec(request, events);
    if (!session.ok()) {
      ProbeResult failure;
      failure.output = "script: " + session.error().message;
      loop.post([weak, failure = std::move(failure)]() mutable {
        if (const auto self = weak.lock()) self->finish(std::move(failure));
      });
      return;
    }
    loop.post([weak, session = std::shared_ptr<drivers::ExecSession>(std::move(*session))] {
      const auto self = weak.lock();
      if (!self) return;
      self->session_ = session;
      if (self->finished_) self->let_go();
    });
  });
  return probe;
}

ScriptProbe::~ScriptProbe() {
  context_.loop.cancel(timeout_);
  let_go();
}

void ScriptProbe::finish(ProbeResult result) {
  if (std::exchange(finished_, true)) return;
  context_.loop.cancel(timeout_);
  let_go();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

// Ending a script may wait for it: not on the loop.
void ScriptProbe::let_go() {
  if (session_) context_.quick.submit([session = std::exchange(session_, nullptr)] {});
}

}  // namespace yurt::agent
