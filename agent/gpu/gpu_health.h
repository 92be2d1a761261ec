// GpuHealth: whether each card can be trusted with work, from what its driver has told so far.
// Pure; not thread-safe.
//
// A critical Xid counts until the card has been reset, which is seen as its coming back after it
// was gone, or until the agent starts anew. Uncorrectable memory errors count for as long as the
// driver counts them: since the card's last reset. A card that is gone, or does not answer, is
// unhealthy until it answers again.
#pragma once

#include <map>
#include <string>

#include "agent/gpu/gpu_source.h"

namespace yurt::agent {

class GpuHealth {
 public:
  void answered(const std::string& gpu_id, const GpuReading& reading);
  void gone(const std::string& gpu_id);
  void fault(const GpuFault& fault);

  // Why not, one sentence; "" for a healthy card.
  [[nodiscard]] std::string verdict(const std::string& gpu_id) const;

 private:
  struct Record {
    bool gone = false;
    std::uint64_t xid = 0;
    std::int64_t uncorrected = 0;
  };
  std::map<std::string, Record> records_;
};

}  // namespace yurt::agent
