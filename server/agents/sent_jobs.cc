#include "server/agents/sent_jobs.h"

#include <algorithm>
#include <functional>

namespace yurt::server {

bool SentJobs::note(const model::Job& job) {
  const std::hash<std::string> hash;
  const Entry entry{job.create_index(), job.version(),
                    hash(job.id()) ^ (hash(job.namespace_()) * 0x9e3779b97f4a7c15U)};
  if (std::find(entries_.begin(), entries_.end(), entry) != entries_.end()) return false;
  if (entries_.size() < window) {
    entries_.push_back(entry);
  } else {
    entries_[next_] = entry;
    next_ = (next_ + 1) % window;
  }
  return true;
}

std::shared_ptr<const std::string> JobBytes::of(const std::shared_ptr<const model::Job>& job) {
  {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.job == job) return entry.bytes;
    }
  }
  auto bytes = std::make_shared<const std::string>(job->SerializeAsString());
  const std::lock_guard lock(mutex_);
  entries_[next_] = {job, bytes};
  next_ = (next_ + 1) % entries_.size();
  return bytes;
}

}  // namespace yurt::server
