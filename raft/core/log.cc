#include "raft/core/log.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "raft/core/log_reader.h"

namespace yurt::raft {

Log::Log(LogStart start, Index last, LogReader& reader, std::size_t cache_bytes)
    : start_(start),
      last_(last),
      terms_(start, last, reader),
      cache_limit_bytes_(cache_bytes),
      reader_(&reader) {
  YURT_ASSERT(start_.index <= last_);
}

Term Log::term_at(Index index) const {
  return index < start_.index || index > last_ ? 0 : terms_.at(index);
}

bool Log::matches(Index index, Term term) const {
  return index >= start_.index && index <= last_ && terms_.at(index) == term;
}

Index Log::last_not_above(Index index, Term term) const {
  return terms_.last_not_above(std::min(index, last_), term);
}

std::vector<Entry> Log::read(Index first, Index last, std::size_t max_bytes) const {
  YURT_ASSERT(first > start_.index && first <= last && last <= last_);
  if (!in_memory(first)) {
    auto entries = reader_->read(first, std::min(last, cache_first() - 1), max_bytes);
    YURT_ASSERT(!entries.empty() && entries.front().index == first);
    YURT_ASSERT(entries.back().index == first + entries.size() - 1 && entries.back().index <= last);
    YURT_ASSERT(entries.front().term == terms_.at(first));
    return entries;
  }
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  for (std::size_t i = first - cache_first(); first <= last; ++first, ++i) {
    bytes += size_bytes(cache_[i]);
    if (bytes > max_bytes && !entries.empty()) break;
    entries.push_back(cache_[i]);
  }
  return entries;
}

void Log::append(Entry entry) {
  YURT_ASSERT(entry.index == last_ + 1);
  terms_.append(entry.index, entry.term);
  last_ = entry.index;
  cached_bytes_ += size_bytes(entry);
  cache_.push_back(std::move(entry));
}

void Log::truncate_from(Index index) {
  YURT_ASSERT(index > start_.index && index <= last_);
  while (!cache_.empty() && cache_.back().index >= index) {
    cached_bytes_ -= size_bytes(cache_.back());
    cache_.pop_back();
  }
  terms_.truncate_from(index);
  last_ = index - 1;
}

void Log::cut_to(Index index) {
  YURT_ASSERT(index > start_.index && index <= last_);
  start_ = {index, terms_.at(index)};
  terms_.cut_to(index);
  while (!cache_.empty() && cache_.front().index <= index) {
    cached_bytes_ -= size_bytes(cache_.front());
    cache_.pop_front();
  }
}

void Log::reset(LogStart start) {
  start_ = start;
  last_ = start.index;
  terms_ = TermIndex(start);
  cache_.clear();
  cached_bytes_ = 0;
}

void Log::evict(Index durable) {
  while (cached_bytes_ > cache_limit_bytes_ && !cache_.empty() && cache_.front().index <= durable) {
    cached_bytes_ -= size_bytes(cache_.front());
    cache_.pop_front();
  }
}

}  // namespace yurt::raft
