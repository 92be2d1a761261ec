#include "server/api/job_order.h"

#include <algorithm>
#include <map>
#include <string>

#include "proto/job.pb.h"

namespace yurt::server {
namespace {

bool ends_by_itself(const model::Job& job) {
  return (job.type() == "batch" || job.type() == "sysbatch") && !job.has_periodic() &&
         (!job.has_parameterized() || job.dispatched());
}

// Depth first, with the way to the current job at hand.
class Ordering {
 public:
  Ordering(const Snapshot& state, const std::vector<const model::Job*>& jobs)
      : state_(state), jobs_(jobs), seen_(jobs.size(), Seen::no) {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      positions_[{jobs[i]->namespace_(), jobs[i]->id()}] = i;
    }
  }

  Result<std::vector<std::size_t>> run() {
    if (positions_.size() != jobs_.size()) {
      return Error{ErrorCode::invalid_argument, "two of the jobs have the same ID"};
    }
    for (std::size_t i = 0; i < jobs_.size(); ++i) YURT_TRY(visit(i));
    return std::move(order_);
  }

 private:
  enum class Seen { no, under_way, done };

  Status visit(std::size_t at) {
    if (seen_[at] == Seen::done) return {};
    const std::string& id = jobs_[at]->id();
    if (seen_[at] == Seen::under_way) return cycle(id);
    seen_[at] = Seen::under_way;
    way_.push_back(id);
    for (const auto& after : jobs_[at]->after()) {
      const JobKey key{jobs_[at]->namespace_(), after.job()};
      const auto found = positions_.find(key);
      const model::Job* other = found != positions_.end() ? jobs_[found->second] : nullptr;
      const JobRef registered = other != nullptr ? nullptr : state_.job(key);
      if (other == nullptr) other = registered.get();
      if (other == nullptr) {
        return Error{ErrorCode::invalid_argument, "job \"" + id + "\" waits for \"" + after.job() +
                                                      "\", which is not registered"};
      }
      if (!ends_by_itself(*other)) {
        return Error{ErrorCode::invalid_argument, "job \"" + id + "\" waits for \"" + after.job() +
                                                      "\", which never ends by itself"};
      }
      if (key.id == id) return cycle(id);
      if (found != positions_.end()) YURT_TRY(visit(found->second));
    }
    way_.pop_back();
    seen_[at] = Seen::done;
    order_.push_back(at);
    return {};
  }

  Error cycle(const std::string& id) const {
    std::string path;
    for (auto at = std::find(way_.begin(), way_.end(), id); at != way_.end(); ++at) {
      path += *at + " -> ";
    }
    return {ErrorCode::invalid_argument, "jobs wait for each other: " + path + id};
  }

  const Snapshot& state_;
  const std::vector<const model::Job*>& jobs_;
  std::map<JobKey, std::size_t> positions_;
  std::vector<Seen> seen_;
  std::vector<std::string> way_;
  std::vector<std::size_t> order_;
};

}  // namespace

Result<std::vector<std::size_t>> registration_order(const Snapshot& state,
                                                    const std::vector<const model::Job*>& jobs) {
  return Ordering(state, jobs).run();
}

}  // namespace yurt::server
