#include "tests/unit/raft_shell/list_machine.h"

#include <sstream>

#include "base/assert.h"
#include "base/base64.h"
#include "base/file.h"

namespace yurt::raft::testing {

ListMachine::ListMachine(std::filesystem::path folder) : file_(std::move(folder) / "list") {
  YURT_ASSERT(make_folders(file_.parent_path()).ok());
  if (std::filesystem::exists(file_)) load(file_);
}

// One line: the index; then one line a command.
void ListMachine::load(const std::filesystem::path& file) {
  const Result<std::string> content = read_file(file);
  YURT_ASSERT(content.ok());
  std::istringstream lines(*content);
  std::string line;
  YURT_ASSERT(static_cast<bool>(std::getline(lines, line)));
  index_ = durable_ = std::stoull(line);
  commands_.clear();
  while (std::getline(lines, line)) commands_.push_back(base64_decode(line).value());
}

Status ListMachine::save() {
  std::string content = std::to_string(index_) + '\n';
  for (const std::string& command : commands_) content += base64_encode(command) + '\n';
  YURT_TRY(write_file_atomically(file_, content));
  durable_ = index_;
  return {};
}

Index ListMachine::durable_index() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

std::vector<std::any> ListMachine::apply(std::span<const Committed> batch) {
  std::vector<std::any> answers;
  {
    const std::lock_guard lock(mutex_);
    for (const Committed& committed : batch) {
      YURT_ASSERT(committed.index == index_ + 1);
      index_ = committed.index;
      commands_.emplace_back(committed.command);
      answers.emplace_back(commands_.size());
    }
    if (save_every_batch_) YURT_ASSERT(save().ok());
  }
  changed_.notify_all();
  return answers;
}

void ListMachine::skip_to(Index index) {
  const std::lock_guard lock(mutex_);
  YURT_ASSERT(index == index_ + 1);
  index_ = index;
}

Result<StateMachine::Snapshot> ListMachine::take_snapshot(const std::filesystem::path& scratch) {
  const std::lock_guard lock(mutex_);
  YURT_TRY(save());
  YURT_TRY(make_folders(scratch / "inner"));
  std::filesystem::copy_file(file_, scratch / "inner" / "list");
  YURT_TRY(write_file_atomically(scratch / "empty", ""));
  return Snapshot{index_, scratch};
}

Status ListMachine::restore(const std::filesystem::path& folder, Index index) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(fail_next_restore_, false)) return Error{ErrorCode::io, "the disk is full"};
    if (!std::filesystem::exists(folder / "empty")) {
      return Error{ErrorCode::corrupt, "the snapshot lacks a file"};
    }
    load(folder / "inner" / "list");
    YURT_ASSERT(index_ == index);
    ++restores_;
    YURT_TRY(save());
  }
  changed_.notify_all();
  return {};
}

std::vector<std::string> ListMachine::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

Index ListMachine::index() const {
  const std::lock_guard lock(mutex_);
  return index_;
}

int ListMachine::restores() const {
  const std::lock_guard lock(mutex_);
  return restores_;
}

void ListMachine::wait_for(
    const std::function<bool(const std::vector<std::string>&)>& holds) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return holds(commands_); });
}

void ListMachine::wait_for_count(std::size_t count) const {
  wait_for([count](const auto& commands) { return commands.size() >= count; });
}

void ListMachine::save_every_batch() {
  const std::lock_guard lock(mutex_);
  save_every_batch_ = true;
}

void ListMachine::fail_next_restore() {
  const std::lock_guard lock(mutex_);
  fail_next_restore_ = true;
}

}  // namespace yurt::raft::testing
