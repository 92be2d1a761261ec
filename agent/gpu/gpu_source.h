// GpuSource: one vendor's way to find and read its GPUs. Every call may block for as long as the
// driver does, so only the monitor's own thread makes them. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/gpu/gpu.h"

namespace yurt::agent {

// Something went wrong on a card: an Xid, or it no longer answers.
struct GpuFault {
  enum class Kind { xid, lost };
  Kind kind = Kind::xid;
  std::string gpu_id;
  std::uint64_t code = 0;  // the Xid
};

class GpuSource {
 public:
  virtual ~GpuSource() = default;
  // Everything that is there now. Empty where there is no such vendor's driver; no error.
  [[nodiscard]] virtual std::vector<Gpu> discover() = 0;
  // Of what the last discover() found; a card that does not answer is missing.
  [[nodiscard]] virtual std::map<std::string, GpuReading> read() = 0;
  // Since the last call.
  [[nodiscard]] virtual std::vector<GpuFault> faults() = 0;
};

}  // namespace yurt::agent
