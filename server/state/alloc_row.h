// Allocations as rows of the state database.
//
// Encoding remembers what the allocation before it shared. Decoding interns what allocations of one
// placement share, so that a restart with a million allocations neither parses nor stores their
// resources a million times; one AllocRowDecoder per load, used by one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "proto/allocation.h"
#include "proto/storage.pb.h"

namespace yurt::server {

// One for a batch of allocations, all of which outlive it; used by one thread.
class AllocRowEncoder {
 public:
  // Valid until the next call.
  [[nodiscard]] const std::string& encode(const Allocation& alloc);

 private:
  model::StoredAlloc row_;  // kept, with the room in its fields
  std::string bytes_;
  const GrantedResources* last_resources_ = nullptr;
  const model::AllocMetric* last_metrics_ = nullptr;
};

class AllocRowDecoder {
 public:
  // Finds the job version an allocation was placed for; null when it is not kept.
  using FindJob =
      std::function<JobRef(const JobKey&, std::uint64_t create_index, std::uint64_t version)>;
  explicit AllocRowDecoder(FindJob find_job) : find_job_(std::move(find_job)) {}

  // corrupt when the row is not what encode_alloc_row wrote or its job version is missing.
  [[nodiscard]] Result<AllocRef> decode(std::string_view row);

 private:
  FindJob find_job_;
  model::StoredAlloc row_;  // kept, with the room in its fields
  std::unordered_map<std::string, std::shared_ptr<const GrantedResources>> resources_;
  std::unordered_map<std::string, std::shared_ptr<const model::AllocMetric>> metrics_;
  JobRef last_job_;
};

}  // namespace yurt::server
