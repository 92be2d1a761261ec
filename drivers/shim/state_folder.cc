#include "drivers/shim/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file.h"
#include "drivers/shim/protocol.h"

namespace yurt::drivers {

Result<UniqueFd> StateFolder::create() const {
  if (::mkdir(path_.c_str(), 0700) != 0) {
    if (errno == EEXIST) {
      return Error{ErrorCode::already_exists,
                   "a task with this id has been started before; its state is in " + path_};
    }
    return system_error("cannot create " + path_, errno);
  }
  YURT_ASSIGN(UniqueFd folder, open());
  // May have to wait for somebody who is just asking shim_is_gone.
  if (::flock(folder.get(), LOCK_EX) != 0) {
    return system_error("cannot lock " + path_, errno);
  }
  return folder;
}

Result<UniqueFd> StateFolder::open() const {
  UniqueFd folder(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) return folder;
  Error error = system_error("cannot open " + path_, errno);
  if (errno == ENOENT) error.code = ErrorCode::not_found;
  return error;
}

bool StateFolder::shim_is_gone() const {
  const Result<UniqueFd> folder = open();
  if (!folder.ok()) return folder.error().code == ErrorCode::not_found;
  return ::flock(folder->get(), LOCK_EX | LOCK_NB) == 0;
}

std::optional<StartedState> StateFolder::started() const {
  const Result<std::string> text = read_file(path_ + "/" + shim::started_name);
  if (!text.ok()) return std::nullopt;
  const Result<StartedState> state = parse_started(*text);
  return state.ok() ? std::optional(*state) : std::nullopt;
}

std::optional<ExitResult> StateFolder::result() const {
  const Result<std::string> text = read_file(path_ + "/" + shim::result_name);
  if (!text.ok()) return std::nullopt;
  const Result<ExitResult> result = parse_result(*text);
  return result.ok() ? std::optional(*result) : std::nullopt;
}

void StateFolder::remove() const {
  // The shim's names only, and the one that a death between write and rename leaves.
  for (const char* name :
       {shim::socket_name, shim::started_name, shim::result_name, "result.new"}) {
    ::unlink((path_ + "/" + name).c_str());
  }
  ::rmdir(path_.c_str());
}

}  // namespace yurt::drivers
