#include <utility>

#include "base/assert.h"
#include "raft/core/configuration.h"

namespace yurt::raft {
namespace {
const Configuration none;
}  // namespace

ConfigurationHistory::ConfigurationHistory(std::vector<ConfigurationAt> history)
    : history_(std::move(history)) {
  for (std::size_t i = 1; i < history_.size(); ++i) {
    YURT_ASSERT(history_[i - 1].index < history_[i].index);
  }
}

const Configuration& ConfigurationHistory::current() const {
  return history_.empty() ? none : history_.back().configuration;
}

Index ConfigurationHistory::current_index() const {
  return history_.empty() ? 0 : history_.back().index;
}

const Configuration& ConfigurationHistory::at(Index index) const {
  for (auto item = history_.rbegin(); item != history_.rend(); ++item) {
    if (item->index <= index) return item->configuration;
  }
  return none;
}

void ConfigurationHistory::append(Index index, Configuration configuration) {
  YURT_ASSERT(index > current_index());
  history_.push_back({index, std::move(configuration)});
}

bool ConfigurationHistory::truncate_from(Index index) {
  const std::size_t before = history_.size();
  while (!history_.empty() && history_.back().index >= index) history_.pop_back();
  return history_.size() != before;
}

bool ConfigurationHistory::cut_to(Index start) {
  std::size_t unneeded = 0;
  while (unneeded + 1 < history_.size() && history_[unneeded + 1].index <= start) ++unneeded;
  history_.erase(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(unneeded));
  return unneeded != 0;
}

void ConfigurationHistory::reset(Index index, Configuration configuration) {
  history_ = {{index, std::move(configuration)}};
}

}  // namespace yurt::raft
