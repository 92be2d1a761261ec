// SentJobs: which job versions an agent was sent last on its stream, so that it still has them.
//
// A window over the newest, in 24 bytes each: a server with thousands of agents keeps one a stream.
// JobBytes: the newest versions in serialized form, made once for all agents. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proto/allocation.h"
#include "proto/job.pb.h"

namespace yurt::server {

class SentJobs {
 public:
  // Less than what agents keep (proto/agent_stream.proto, Assignments).
  static constexpr std::size_t window = 128;

  // True when the agent was not sent this version lately: it is to be sent now.
  [[nodiscard]] bool note(const model::Job& job);

 private:
  struct Entry {
    std::uint64_t create_index = 0, version = 0, name_hash = 0;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries_;  // a ring once it is full
  std::size_t next_ = 0;
};

class JobBytes {
 public:
  [[nodiscard]] std::shared_ptr<const std::string> of(const std::shared_ptr<const model::Job>& job);

 private:
  struct Entry {
    std::shared_ptr<const model::Job> job;  // kept, so that its address stays its own
    std::shared_ptr<const std::string> bytes;
  };
  std::mutex mutex_;
  std::array<Entry, 64> entries_;
  std::size_t next_ = 0;
};

}  // namespace yurt::server
