#include "agent/session/session.h"

namespace yurt::agent {
Status serve_exec(const model::ExecStart& request, const AllocView& alloc, SessionStream& stream) {
  if (!alloc.has_task) {
    return Error{ErrorCode::not_found, "unknown task name \"" + request.task() + "\""};
  }
  if (!alloc.run) {
    return Error{ErrorCode::failed_precondition, "task \"" + request.task() + "\" is not running"};
  }
  drivers::ExecRequest command;
  command.command.assign(request.command().begin(), request.command().end());
  if (const auto slash = request.task().find('/'); slash != std::string::npos) {
    command.part = request.task().substr(slash + 1);
  }
  command.tty = request.tty();
  drivers::ExecEvents events;
  events.on_output = [&stream](drivers::ExecStream which, std::string_view data) {
    model::SessionFrame frame;
    auto& exec = *frame.mutable_exec();
    auto& field = which == drivers::ExecStream::standard_output ? *exec.mutable_stdout()
                                                                : *exec.mutable_stderr();
    field.assign(data.data(), data.size());
    (void)stream.write(frame);
  };
  events.on_exit = [&stream](const drivers::ExitResult& result) {
    model::SessionFrame frame;
    frame.mutable_exec()->set_exited(true);
    frame.mutable_exec()->set_exit_code(result.exit_code);
    if (result.error.empty()) (void)stream.write(frame);
    model::SessionFrame last;
    last.mutable_end()->set_code(result.error.empty() ? ""
                                                      : name_of(ErrorCode::failed_precondition));
    last.mutable_end()->set_message(result.error);
    (void)stream.write(last);
  };
  YURT_ASSIGN(const auto session, alloc.run->exec(command, std::move(events)));
  // The caller closes the stream once it has seen the end.
  model::SessionFrame frame;
  while (stream.read(frame)) {
    const auto& exec = frame.exec();
    Status status;
    if (!exec.stdin().empty()) status = session->write_input(exec.stdin());
    if (exec.stdin_close()) status = session->close_input();
    if (exec.tty_height() > 0 && exec.tty_width() > 0) {
      status = session->resize(static_cast<std::uint16_t>(exec.tty_height()),
                               static_cast<std::uint16_t>(exec.tty_width()));
    }
  }
  return {};
}

}  // namespace yurt::agent
