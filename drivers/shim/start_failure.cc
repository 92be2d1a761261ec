#include "drivers/shim/start_failure.h"

#include <cerrno>

namespace yurt::drivers {
namespace {

Error exec_failure(const std::string& program, int number) {
  switch (number) {
    case ENOENT:
      return {ErrorCode::not_found, "cannot execute " + program +
                                        ": it does not exist, or the interpreter its first line "
                                        "(#!) or its format names does not"};
    case EACCES:
      return {ErrorCode::permission_denied,
              "cannot execute " + program +
                  ": the task's user may not execute it or enter its folder, or its file system is "
                  "mounted noexec"};
    case ENOEXEC:
      return {ErrorCode::invalid_argument,
              "cannot execute " + program +
                  ": it is no program for this machine (a script must begin with a #! line)"};
    case E2BIG:
      return {ErrorCode::invalid_argument,
              "cannot execute " + program +
                  ": its arguments and environment are larger than the kernel allows"};
    default: return system_error("cannot execute " + program, number);
  }
}

std::string operation_text(const StartContext& context, int index) {
  if (index < 0 || index >= static_cast<int>(context.operations.size())) return "?";
  // Settings name a file of the folder before them.
  const std::string& operation = context.operations[static_cast<std::size_t>(index)];
  std::string folder;
  for (int i = index - 1; i >= 0 && (operation[0] == 'W' || operation[0] == 'w'); --i) {
    const std::string& earlier = context.operations[static_cast<std::size_t>(i)];
    if (earlier[0] == 'D' || earlier[0] == 'J') {
      folder = earlier.substr(1) + "/";
      break;
    }
  }
  return folder + operation.substr(1);
}

}  // namespace

Error explain_start_failure(const StartContext& context, const shim::StartFailure& failure) {
  const int number = failure.error_number;
  using shim::StartStage;
  switch (failure.stage) {
    case StartStage::logs: return system_error("cannot open the task's log files", number);
    case StartStage::cgroup_create: {
      Error error = system_error(
          "cannot set up the control group " + operation_text(context, failure.detail), number);
      // The kernel says which core ids or sizes it does not take.
      if (number == EINVAL || number == ERANGE) error.code = ErrorCode::invalid_argument;
      return error;
    }
    case StartStage::cgroup_join: {
      Error error = system_error(
          "cannot put the task into the control group " + operation_text(context, failure.detail),
          number);
      if (number == ENOENT) error.code = ErrorCode::not_found;
      return error;
    }
    case StartStage::fork: return system_error("cannot create a process for the task", number);
    case StartStage::session: return system_error("cannot create a session for the task", number);
    case StartStage::standard_files:
      return system_error("cannot connect the task's output", number);
    case StartStage::terminal: return system_error("cannot give the command a terminal", number);
    case StartStage::oom_score: {
      Error error = system_error("cannot set oom_score_adj", number);
      if (number == EACCES || number == EPERM) error.code = ErrorCode::permission_denied;
      return error;
    }
    case StartStage::user: {
      Error error = system_error("cannot become the task's user", number);
      if (number == EPERM) {
        error = {ErrorCode::permission_denied,
                 "cannot become the task's user: the agent must run as root to run tasks as "
                 "another user"};
      }
      return error;
    }
    case StartStage::work_folder: {
      Error error = system_error("cannot enter the working folder " + context.work_folder, number);
      if (number == ENOENT || number == ENOTDIR) error.code = ErrorCode::not_found;
      if (number == EACCES) error.code = ErrorCode::permission_denied;
      return error;
    }
    case StartStage::exec: return exec_failure(context.program, number);
    case StartStage::state: return system_error("cannot store the task's state", number);
    case StartStage::too_many:
      return {ErrorCode::resource_exhausted,
              "the task runs as many commands at a time as it can (" +
                  std::to_string(failure.detail) + ")"};
    case StartStage::none:
    case StartStage::spec: break;
  }
  return {ErrorCode::internal, "the task's supervisor did not understand the request"};
}

}  // namespace yurt::drivers
