// StateFolder: `<root>/<task id>/`, where one task's shim keeps its socket and its two texts.
//
// The folder is locked (flock) exactly while a shim, or a launch of one, is alive: the lock belongs
// to an open file that the shim holds, so the kernel itself says whether the shim lives, however it
// died and whatever became of its pid. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/shim/state_file.h"

namespace yurt::drivers {

class StateFolder {
 public:
  explicit StateFolder(std::string path) : path_(std::move(path)) {}

  // Makes the folder and locks it; the descriptor is for the shim. already_exists when there is
  // one: a task with this id has been started before.
  [[nodiscard]] Result<UniqueFd> create() const;

  // For connect_to_shim. not_found when the folder is gone.
  [[nodiscard]] Result<UniqueFd> open() const;

  // Whether no shim lives. Also true when the folder is gone.
  [[nodiscard]] bool shim_is_gone() const;

  [[nodiscard]] std::optional<StartedState> started() const;
  [[nodiscard]] std::optional<ExitResult> result() const;

  void remove() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace yurt::drivers
