// The core's parts against simple models of themselves.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/log.h"
#include "raft/core/log_reader.h"
#include "raft/core/term_index.h"
#include "raft/core/write_queue.h"
#include "raft/sim/history.h"
#include "raft/sim/sim_disk.h"

namespace yurt::raft {
namespace {

Configuration any_configuration() {
  Configuration configuration;
  for (PeerId id = 1; id <= 9; ++id) {
    if (*rc::gen::arbitrary<bool>()) continue;
    configuration.peers.push_back(
        {id, *rc::gen::arbitrary<std::string>(), *rc::gen::arbitrary<bool>()});
  }
  return configuration;
}

TEST(RaftConfigurationProperty, survives_a_round_trip_through_bytes) {
  EXPECT_TRUE(rc::check("decode(encode(c)) == c", [] {
    const Configuration configuration = any_configuration();
    const auto decoded = decode_configuration(encode(configuration));
    RC_ASSERT(decoded.ok());
    RC_ASSERT(*decoded == configuration);
  }));
}

TEST(RaftConfigurationProperty, cut_off_or_changed_bytes_never_crash_and_a_cut_is_noticed) {
  EXPECT_TRUE(rc::check("decode of damaged bytes", [] {
    std::string bytes = encode(any_configuration());
    const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
    RC_ASSERT(!decode_configuration(bytes.substr(0, place)).ok());
    bytes[place] = static_cast<char>(bytes[place] + *rc::gen::inRange(1, 256));
    (void)decode_configuration(bytes);
  }));
}

TEST(RaftConfigurationProperty, neighbouring_configurations_have_overlapping_majorities) {
  EXPECT_TRUE(rc::check("majorities before and after one change intersect", [] {
    const Configuration before = any_configuration();
    RC_PRE(before.voter_count() > 0U);
    const PeerId changed = *rc::gen::inRange<PeerId>(1, 10);
    const Configuration after =
        before.is_voter(changed) ? before.without(changed) : before.with({changed, "", true});
    RC_PRE(after.voter_count() > 0U);
    // Any split of the servers into two camps: not both can hold a majority.
    const auto camp = *rc::gen::arbitrary<std::uint16_t>();
    const bool one = before.majority([&](PeerId id) { return (camp >> id & 1) != 0; });
    const bool other = after.majority([&](PeerId id) { return (camp >> id & 1) == 0; });
    RC_ASSERT(!(one && other));
  }));
}

TEST(RaftConfigurationProperty, majority_value_is_what_a_majority_reached) {
  EXPECT_TRUE(rc::check("majority_value", [] {
    const Configuration configuration = any_configuration();
    RC_PRE(configuration.voter_count() > 0U);
    std::map<PeerId, std::uint64_t> values;
    for (PeerId id = 1; id <= 9; ++id) values[id] = *rc::gen::inRange<std::uint64_t>(0, 20);
    const auto reached = configuration.majority_value([&](PeerId id) { return values[id]; });
    RC_ASSERT(configuration.majority([&](PeerId id) { return values[id] >= reached; }));
    RC_ASSERT(!configuration.majority([&](PeerId id) { return values[id] >= reached + 1; }));
  }));
}

// A log of (index, term) kept in the plainest way.
class PlainReader final : public LogReader {
 public:
  std::vector<Term> terms;  // of entries 1, 2, ...
  std::vector<Entry> read(Index first, Index last, std::size_t max_bytes) override {
    std::vector<Entry> entries;
    std::size_t bytes = 0;
    for (; first <= last; ++first) {
      const Entry entry{first, terms.at(first - 1), EntryKind::command, nullptr};
      bytes += size_bytes(entry);
      if (bytes > max_bytes && !entries.empty()) break;
      entries.push_back(entry);
    }
    return entries;
  }
  Term term(Index index) override { return terms.at(index - 1); }
};

std::vector<Term> any_terms() {
  std::vector<Term> terms;
  Term term = 1;
  const auto count = *rc::gen::inRange(0, 60);
  for (int i = 0; i < count; ++i) {
    if (*rc::gen::inRange(0, 5) == 0) term += *rc::gen::inRange<Term>(1, 4);
    terms.push_back(term);
  }
  return terms;
}

TEST(RaftTermIndexProperty, finds_every_term_by_binary_search) {
  EXPECT_TRUE(rc::check("terms", [] {
    PlainReader reader;
    reader.terms = any_terms();
    const TermIndex index({0, 0}, reader.terms.size(), reader);
    for (Index i = 1; i <= reader.terms.size(); ++i) RC_ASSERT(index.at(i) == reader.term(i));
  }));
}

TEST(RaftTermIndexProperty, last_not_above_is_what_a_scan_would_find) {
  EXPECT_TRUE(rc::check("last_not_above", [] {
    PlainReader reader;
    reader.terms = any_terms();
    const TermIndex index({0, 0}, reader.terms.size(), reader);
    const auto from = *rc::gen::inRange<Index>(0, reader.terms.size() + 1);
    const auto term = *rc::gen::inRange<Term>(0, 20);
    Index expected = from;
    while (expected > 0 && reader.term(expected) > term) --expected;
    RC_ASSERT(index.last_not_above(from, term) == expected);
  }));
}

TEST(RaftLogProperty, behaves_as_a_plain_list_whatever_leaves_memory) {
  EXPECT_TRUE(rc::check("log", [] {
    PlainReader disk;  // sees every entry at once; the log may forget any
    Log log({0, 0}, 0, disk, *rc::gen::inRange<std::size_t>(0, 400));
    Term term = 1;
    const auto steps = *rc::gen::inRange(1, 80);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 6)) {
        case 0: ++term; break;
        case 1:
          if (log.last_index() > log.start().index) {
            const auto from = *rc::gen::inRange<Index>(log.start().index + 1, log.last_index() + 1);
            log.truncate_from(from);
            disk.terms.resize(from - 1);
            ++term;
          }
          break;
        case 2:
          if (log.last_index() > log.start().index) {
            log.cut_to(*rc::gen::inRange<Index>(log.start().index + 1, log.last_index() + 1));
          }
          break;
        case 3: log.evict(log.last_index()); break;
        default:
          log.append({log.last_index() + 1, term, EntryKind::command, nullptr});
          disk.terms.push_back(term);
      }
      RC_ASSERT(log.last_index() == disk.terms.size());
      for (Index at = log.start().index + 1; at <= log.last_index(); ++at) {
        RC_ASSERT(log.term_at(at) == disk.term(at));
      }
      if (log.last_index() == log.start().index) continue;
      const auto first = *rc::gen::inRange<Index>(log.start().index + 1, log.last_index() + 1);
      const auto max_bytes = *rc::gen::inRange<std::size_t>(0, 300);
      const auto entries = log.read(first, log.last_index(), max_bytes);
      RC_ASSERT(!entries.empty());
      RC_ASSERT(entries.size() == 1U || entries.size() * entry_overhead_bytes <= max_bytes);
      for (std::size_t k = 0; k < entries.size(); ++k) {
        RC_ASSERT(entries[k].index == first + k);
        RC_ASSERT(entries[k].term == disk.term(first + k));
      }
    }
  }));
}

// Whatever is written, truncated, reset, completed late or in bulk: what the queue calls durable is
// on the disk now, and nothing on its way there will take it away.
TEST(RaftWriteQueueProperty, what_it_calls_durable_no_crash_can_take_back) {
  EXPECT_TRUE(rc::check("durable_index", [] {
    sim::History registry;
    sim::SimDisk disk;
    WriteQueue writes(0, false);
    Index last = 0, start = 0;
    Term term = 1;
    std::uint64_t synced = 0;
    const auto steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 7)) {
        case 0:
          if (last > start) {
            const auto from = *rc::gen::inRange<Index>(start + 1, last + 1);
            writes.truncate_from(from);
            last = from - 1;
            ++term;
          }
          break;
        case 1:
          if (auto write = writes.take()) {
            disk.hand_in(*write, registry);
            for (const auto& entry : write->entries) {
              registry.note_entry(entry.index, entry.term, disk.handed().chain(entry.index));
            }
          }
          break;
        case 2:
        case 3:
          if (disk.waiting() > 0) {
            synced = disk.sync(*rc::gen::inRange<std::size_t>(1, disk.waiting() + 1), registry);
          }
          break;
        case 4:
          if (synced > 0) writes.persisted(synced);
          break;
        default:
          // Equal entries (same index and term) may come back after a truncation.
          writes.append(
              {++last, *rc::gen::inRange(0, 3) == 0 ? ++term : term, EntryKind::noop, nullptr});
      }
      sim::SimDisk crashed = disk;
      crashed.crash(*rc::gen::inRange<std::size_t>(0, disk.waiting() + 1), registry);
      RC_ASSERT(crashed.synced().last() >= writes.durable_index());
      for (Index at = 1; at <= writes.durable_index(); ++at) {
        RC_ASSERT(crashed.synced().chain(at) == disk.handed().chain(at));
      }
    }
  }));
}

}  // namespace
}  // namespace yurt::raft
