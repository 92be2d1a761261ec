#include "scheduler/rank/candidates.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace yurt::scheduler {

void Candidates::reset(std::size_t slots, std::size_t combinations) {
  stamps_.assign(slots, 0);
  present_.assign(slots, 0);
  heap_of_.assign(combinations * max_emitted, -1);
  heaps_.clear();
  least_kept_ = -std::numeric_limits<double>::infinity();
  left_behind_ = false;
}

void Candidates::offer(Slot slot, double sum, std::uint64_t tie) {
  if (heaps_.empty()) {
    heap_of_[0] = 0;
    heaps_.push_back({{}, 0, 1});
    heaps_.front().entries.reserve(most_ + 1);
  }
  present_[slot] = 1;
  // The worst on top, as long as offers come in.
  const auto after = [](const Entry& a, const Entry& b) { return before(b, a); };
  auto& entries = heaps_.front().entries;
  const Entry entry{sum, tie, slot, 0};
  if (entries.size() == most_) {
    if (!before(entries.front(), entry)) return;
    std::pop_heap(entries.begin(), entries.end(), after);
    entries.back() = entry;
  } else {
    entries.push_back(entry);
  }
  std::push_heap(entries.begin(), entries.end(), after);
  if (entries.size() == most_) least_kept_ = entries.front().sum;
}

void Candidates::settle() {
  if (heaps_.empty() || heaps_.front().entries.size() < most_) return;
  left_behind_ = true;
  floor_ = heaps_.front().entries.front();
}

void Candidates::put(Slot slot, std::uint32_t combination, const Own& own, std::uint64_t tie) {
  YURT_ASSERT(own.emitted >= 1 && own.emitted <= max_emitted);
  const std::size_t key = combination * max_emitted + static_cast<std::size_t>(own.emitted - 1);
  if (heap_of_[key] < 0) {
    heap_of_[key] = static_cast<std::int32_t>(heaps_.size());
    heaps_.push_back({{}, combination, own.emitted});
  }
  Heap& heap = heaps_[static_cast<std::size_t>(heap_of_[key])];
  heap.entries.push_back({own.sum, tie, slot, ++stamps_[slot]});
  present_[slot] = 1;
  if (heap.ordered) std::push_heap(heap.entries.begin(), heap.entries.end(), before);
}

void Candidates::drop(Slot slot) {
  ++stamps_[slot];
  present_[slot] = 0;
}

void Candidates::pop(Heap& heap) {
  std::pop_heap(heap.entries.begin(), heap.entries.end(), before);
  heap.entries.pop_back();
}

const Candidates::Entry* Candidates::top_of(Heap& heap) {
  if (!heap.ordered) {
    std::make_heap(heap.entries.begin(), heap.entries.end(), before);
    heap.ordered = true;
  }
  while (!heap.entries.empty() &&
         heap.entries.front().stamp != stamps_[heap.entries.front().slot]) {
    pop(heap);
  }
  return heap.entries.empty() ? nullptr : &heap.entries.front();
}

Candidates::Best Candidates::best(const std::vector<double>& spread_of_combination,
                                  const std::vector<Slot>& aside) {
  Best best;
  std::vector<Entry> set_aside;
  for (Heap& heap : heaps_) {
    set_aside.clear();
    const Entry* top = top_of(heap);
    while (top != nullptr && std::find(aside.begin(), aside.end(), top->slot) != aside.end()) {
      set_aside.push_back(*top);
      pop(heap);
      top = top_of(heap);
    }
    if (top != nullptr) {
      const double score = mean({top->sum, heap.emitted}, spread_of_combination[heap.combination]);
      if (best.slot == no_slot || score > best.score ||
          (score == best.score && top->tie > best.tie)) {
        best = {top->slot, score, top->tie};
      }
    }
    for (const Entry& entry : set_aside) {
      heap.entries.push_back(entry);
      std::push_heap(heap.entries.begin(), heap.entries.end(), before);
    }
  }
  if (left_behind_) {
    best.doubtful = best.slot == no_slot || best.score < floor_.sum ||
                    (best.score == floor_.sum && best.tie < floor_.tie);
  }
  return best;
}

std::vector<Candidates::Best> Candidates::top(std::size_t count,
                                              const std::vector<double>& spread_of_combination) {
  std::vector<Best> found;
  std::vector<std::size_t> frontier;
  for (Heap& heap : heaps_) {
    if (top_of(heap) == nullptr) continue;
    // A node's children in the heap are never better than itself: walk from the top.
    const auto worse = [&](std::size_t a, std::size_t b) {
      return before(heap.entries[a], heap.entries[b]);
    };
    frontier.assign(1, 0);
    for (std::size_t taken = 0; taken < count && !frontier.empty();) {
      std::pop_heap(frontier.begin(), frontier.end(), worse);
      const std::size_t at = frontier.back();
      frontier.pop_back();
      const Entry& entry = heap.entries[at];
      if (entry.stamp == stamps_[entry.slot]) {
        ++taken;
        found.push_back({entry.slot,
                         mean({entry.sum, heap.emitted}, spread_of_combination[heap.combination]),
                         entry.tie});
      }
      for (const std::size_t child : {2 * at + 1, 2 * at + 2}) {
        if (child >= heap.entries.size()) continue;
        frontier.push_back(child);
        std::push_heap(frontier.begin(), frontier.end(), worse);
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const Best& a, const Best& b) {
    return a.score != b.score ? a.score > b.score : a.tie > b.tie;
  });
  if (found.size() > count) found.resize(count);
  return found;
}

}  // namespace yurt::scheduler
