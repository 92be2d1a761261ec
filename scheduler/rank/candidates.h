// Candidates: the nodes a group may still be placed on, ordered so that the best is found without
// looking at all of them again.
//
// A node's score is the mean of what the scorers emit. After a placement only the node's own part
// changes, and the spread part, which all nodes with the same values share. So nodes stand in
// heaps by (spread combination, number of emitted scores), ordered by the sum of their own scores;
// the best is the best of the heaps' tops. Equal scores are ordered by `tie`. Entries that were
// replaced stay in their heap until they come up.
//
// When only a few placements are wanted, ordering all nodes costs more than finding them: then the
// nodes are offered, only the best of them are kept, and best() tells when one of those left behind
// could be better by now. A plain value; not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/cluster_view.h"

namespace yurt::scheduler {

class Candidates {
 public:
  struct Own {
    double sum = 0;   // of the node's own emitted scores, without spread
    int emitted = 0;  // how many those are, 1 to 5
  };
  struct Best {
    Slot slot = no_slot;
    double score = 0;
    std::uint64_t tie = 0;
    // A node that was offered and not kept may be better: offer all again, or put them.
    bool doubtful = false;
  };

  // Forgets all; slots are below `slots`, combinations below `combinations`.
  void reset(std::size_t slots, std::size_t combinations);
  // Adds the node, or replaces what was known of it.
  void put(Slot slot, std::uint32_t combination, const Own& own, std::uint64_t tie);
  void drop(Slot slot);

  // After reset() with one combination: keeps the best `most` of the nodes that are offered, whose
  // one emitted score is `sum`. All of them count as contained. settle() after the last.
  void begin_offers(std::size_t most) { most_ = most; }
  void offer(Slot slot, double sum, std::uint64_t tie);
  void settle();
  // While offers come in: what is below this is not kept; minus infinity as long as all are.
  [[nodiscard]] double least_kept() const { return least_kept_; }
  // The node fits and its score is below least_kept().
  void leave_behind(Slot slot) { present_[slot] = 1; }
  [[nodiscard]] bool contains(Slot slot) const { return present_[slot] != 0; }

  // `spread_of_combination`: the sum of spread scores by combination; 0 is not emitted.
  // Nodes in `aside` are passed over. slot is no_slot when nothing is left.
  [[nodiscard]] Best best(const std::vector<double>& spread_of_combination,
                          const std::vector<Slot>& aside);
  // The best `count`, best first; they stay.
  [[nodiscard]] std::vector<Best> top(std::size_t count,
                                      const std::vector<double>& spread_of_combination);

  static double mean(const Own& own, double spread) {
    return spread == 0 ? own.sum / own.emitted : (own.sum + spread) / (own.emitted + 1);
  }

 private:
  static constexpr int max_emitted = 5;
  struct Entry {
    double sum;
    std::uint64_t tie;
    Slot slot;
    std::uint32_t stamp;
  };
  struct Heap {
    std::vector<Entry> entries;
    std::uint32_t combination;
    int emitted;
    bool ordered = false;
  };
  static bool before(const Entry& a, const Entry& b) {
    return a.sum != b.sum ? a.sum < b.sum : a.tie < b.tie;
  }
  // The heap's best valid entry; null when none is left.
  const Entry* top_of(Heap& heap);
  void pop(Heap& heap);

  std::vector<std::uint32_t> stamps_;
  std::vector<std::uint8_t> present_;
  std::vector<std::int32_t> heap_of_;  // by combination × max_emitted + emitted − 1; −1: none yet
  std::vector<Heap> heaps_;
  std::size_t most_ = 0;
  double least_kept_ = 0;
  bool left_behind_ = false;
  Entry floor_{};  // the worst that was kept; nothing left behind is better
};

}  // namespace yurt::scheduler
