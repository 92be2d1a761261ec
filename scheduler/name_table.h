// NameTable: dense numbers for names that many nodes share (datacenters, pools, classes), counted,
// so that a name no node has any more gives its number back. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/assert.h"

namespace yurt::scheduler {

using NameId = std::uint32_t;

class NameTable {
 public:
  // The name's number, with one more user.
  NameId acquire(const std::string& name) {
    auto [at, is_new] = ids_.try_emplace(name, 0);
    if (is_new) {
      if (free_.empty()) {
        at->second = static_cast<NameId>(names_.size());
        names_.push_back(name);
        users_.push_back(0);
      } else {
        at->second = free_.back();
        free_.pop_back();
        names_[at->second] = name;
      }
    }
    ++users_[at->second];
    return at->second;
  }
  void release(NameId id) {
    YURT_ASSERT(users_[id] > 0);
    if (--users_[id] > 0) return;
    ids_.erase(names_[id]);
    names_[id].clear();
    free_.push_back(id);
  }
  // Numbers are below this; those without users are gaps.
  [[nodiscard]] std::size_t bound() const { return names_.size(); }
  [[nodiscard]] const std::string& name(NameId id) const { return names_[id]; }
  [[nodiscard]] std::uint32_t users(NameId id) const { return users_[id]; }

 private:
  std::unordered_map<std::string, NameId> ids_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> users_;
  std::vector<NameId> free_;
};

}  // namespace yurt::scheduler
