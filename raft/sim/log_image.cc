#include "raft/sim/log_image.h"

#include <functional>
#include <string_view>

#include "base/assert.h"

namespace yurt::raft::sim {

std::uint64_t chain_after(std::uint64_t before, const Entry& entry) {
  const auto mix = [](std::uint64_t hash, std::uint64_t value) {
    hash ^= value + 0x9e3779b97f4a7c15 + (hash << 6) + (hash >> 2);
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    return hash ^ (hash >> 27);
  };
  std::uint64_t hash = mix(before, entry.index);
  hash = mix(hash, entry.term);
  hash = mix(hash, static_cast<std::uint64_t>(entry.kind));
  return mix(hash, std::hash<std::string_view>{}(entry.bytes()));
}

std::uint64_t LogImage::chain(Index index) const {
  YURT_ASSERT(holds(index));
  return index == start_ ? before_.chain : records_[index - start_ - 1].chain;
}

Term LogImage::term(Index index) const {
  YURT_ASSERT(holds(index));
  return index == start_ ? before_.term : records_[index - start_ - 1].term;
}

void LogImage::apply(const Write& write, const ChainRegistry& registry) {
  if (write.truncate_from != 0) {
    while (!records_.empty() && last() >= write.truncate_from) records_.pop_back();
  }
  if (write.start) {
    if (write.start->index <= last()) {
      before_ = {term(write.start->index), chain(write.start->index)};
      while (start_ < write.start->index) {
        records_.pop_front();
        ++start_;
      }
    } else {
      records_.clear();
      start_ = write.start->index;
      before_ = {write.start->term, registry.chain_of(start_, write.start->term)};
    }
  }
  for (const auto& entry : write.entries) {
    YURT_ASSERT(entry.index == last() + 1);
    records_.push_back({entry.term, chain_after(chain(last()), entry)});
  }
}

}  // namespace yurt::raft::sim
