// NameIndex: which N of "<job>.<group>[N]" are in use; the lowest free are given out first.
// A plain value.
#pragma once

#include <cstdint>
#include <vector>

namespace yurt::scheduler {

class NameIndex {
 public:
  void use(std::uint32_t index) {
    if (index >= used_.size()) used_.resize(index + 1U, false);
    used_[index] = true;
  }
  void release(std::uint32_t index) {
    if (index < used_.size()) used_[index] = false;
  }
  [[nodiscard]] bool in_use(std::uint32_t index) const {
    return index < used_.size() && used_[index];
  }
  // The lowest index that is free and at least `from`; it is in use afterwards.
  std::uint32_t take(std::uint32_t from = 0) {
    while (in_use(from)) ++from;
    use(from);
    return from;
  }

 private:
  std::vector<bool> used_;
};

}  // namespace yurt::scheduler
