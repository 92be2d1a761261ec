#include "agent/gpu/gpu_health.h"

#include <fmt/format.h>

#include <utility>

#include "agent/gpu/xid.h"

namespace yurt::agent {

void GpuHealth::answered(const std::string& gpu_id, const GpuReading& reading) {
  Record& record = records_[gpu_id];
  if (std::exchange(record.gone, false)) record.xid = 0;
  record.uncorrected = reading.ecc_uncorrected.value_or(0);
}

void GpuHealth::gone(const std::string& gpu_id) { records_[gpu_id].gone = true; }

void GpuHealth::fault(const GpuFault& fault) {
  if (fault.kind == GpuFault::Kind::lost) return gone(fault.gpu_id);
  if (!critical_xid(fault.code).empty()) records_[fault.gpu_id].xid = fault.code;
}

std::string GpuHealth::verdict(const std::string& gpu_id) const {
  const auto found = records_.find(gpu_id);
  if (found == records_.end()) return "";
  const Record& record = found->second;
  std::string xid;
  if (record.xid != 0) xid = fmt::format("Xid {}: {}", record.xid, critical_xid(record.xid));
  if (record.gone) return "the GPU no longer answers" + (xid.empty() ? "" : " (" + xid + ")");
  if (!xid.empty()) return xid + "; reset the GPU, then restart the agent";
  if (record.uncorrected > 0) {
    return fmt::format("{} uncorrectable memory errors; reset the GPU", record.uncorrected);
  }
  return "";
}

}  // namespace yurt::agent
