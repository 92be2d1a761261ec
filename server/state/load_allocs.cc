#include "server/state/load_allocs.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proto/job.pb.h"
#include "server/state/row_keys.h"

namespace yurt::server {
namespace {

// More would wait for the disk.
constexpr unsigned max_readers = 8;

struct AllocPart {
  std::vector<AllocRef> allocs;  // by ID, as the keys are
  Status status;
};

// The rows whose IDs begin with a byte in [first, last].
void read_part(rocksdb::DB& db, const AllocRowDecoder::FindJob& find_job, unsigned first,
               unsigned last, AllocPart& out) {
  AllocRowDecoder decoder(find_job);
  rocksdb::ReadOptions options;
  options.readahead_size = 4 << 20;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(options));
  const std::string prefix(1, char(row::alloc));
  for (at->Seek(prefix + static_cast<char>(first)); at->Valid(); at->Next()) {
    const rocksdb::Slice key = at->key();
    if (!key.starts_with(prefix)) break;
    if (key.size() > 1 && static_cast<unsigned char>(key[1]) > last) break;
    auto alloc = decoder.decode(at->value().ToStringView());
    if (!alloc.ok()) {
      out.status = alloc.error();
      return;
    }
    out.allocs.push_back(std::move(*alloc));
  }
  if (!at->status().ok()) {
    out.status =
        Error{ErrorCode::corrupt, "the state database can't be read: " + at->status().ToString()};
  }
}

// Sorts small entries that point at the allocations, and builds the table from them.
template <typename Key, typename KeyOf>
PersistentMap<Key, AllocRef> index_by(const std::vector<AllocRef>& allocs, KeyOf key_of) {
  std::vector<std::pair<Key, std::uint32_t>> order;
  order.reserve(allocs.size());
  for (std::uint32_t i = 0; i < allocs.size(); ++i) order.emplace_back(key_of(*allocs[i]), i);
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return PersistentMap<Key, AllocRef>::from_sorted(
      order.size(), [&](std::size_t i) -> const Key& { return order[i].first; },
      [&](std::size_t i) { return allocs[order[i].second]; });
}

}  // namespace

Status load_allocs(rocksdb::DB& db, const AllocRowDecoder::FindJob& find_job, Tables& tables) {
  const unsigned readers = std::clamp(std::thread::hardware_concurrency(), 1U, max_readers);
  std::vector<AllocPart> parts(readers);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < readers; ++i) {
      threads.emplace_back([&, i] {
        read_part(db, find_job, 256 * i / readers, 256 * (i + 1) / readers - 1, parts[i]);
      });
    }
  }
  std::vector<AllocRef> allocs;
  for (AllocPart& part : parts) {
    YURT_TRY(part.status);
    allocs.insert(allocs.end(), std::make_move_iterator(part.allocs.begin()),
                  std::make_move_iterator(part.allocs.end()));
  }
  std::jthread by_node([&] {
    tables.allocs_by_node = index_by<NodeAllocKey>(allocs, [](const Allocation& alloc) {
      return NodeAllocKey{alloc.node, alloc.id};
    });
  });
  tables.allocs = PersistentMap<AllocId, AllocRef>::from_sorted(
      allocs.size(), [&](std::size_t i) -> const AllocId& { return allocs[i]->id; },
      [&](std::size_t i) { return allocs[i]; });
  const model::Job* last_job = nullptr;
  std::uint64_t last_hash = 0;
  tables.allocs_by_job = index_by<JobAllocKey>(allocs, [&](const Allocation& alloc) {
    if (alloc.job.get() != last_job) {
      last_job = alloc.job.get();
      last_hash = job_hash(last_job->namespace_(), last_job->id());
    }
    return JobAllocKey{last_hash, alloc.id};
  });
  return {};
}

}  // namespace yurt::server
