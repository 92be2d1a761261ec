#include "scheduler/reconcile/reschedule_policy.h"

#include <algorithm>

#include "proto/job.pb.h"

namespace yurt::scheduler {
namespace {

// An unlimited policy would otherwise remember every failure for ever.
constexpr std::size_t remembered_records = 5;

const model::ReschedulePolicy* policy_of(const Allocation& alloc) {
  const model::TaskGroup& group = alloc.task_group();
  if (group.has_reschedule()) return &group.reschedule();
  return alloc.job->has_reschedule() ? &alloc.job->reschedule() : nullptr;
}

std::int64_t failed_at(const Allocation& alloc) {
  return alloc.more().finished_at != 0 ? alloc.more().finished_at : alloc.modify_time;
}

std::int64_t next_delay(const model::ReschedulePolicy& policy,
                        const std::vector<RescheduleRecord>& records, std::int64_t failed_at) {
  if (records.empty() || policy.delay_function() == "constant") return policy.delay();
  const RescheduleRecord& last = records.back();
  std::int64_t delay = policy.delay();
  if (policy.delay_function() == "exponential") {
    delay = last.delay > INT64_MAX / 2 ? INT64_MAX : last.delay * 2;
  } else if (policy.delay_function() == "fibonacci" && records.size() >= 2) {
    const std::int64_t before = records[records.size() - 2].delay;
    delay = last.delay > INT64_MAX - before ? INT64_MAX : last.delay + before;
  }
  if (policy.max_delay() > 0 && delay > policy.max_delay()) {
    delay = policy.max_delay();
    // It has run well for a while: start over.
    if (failed_at - last.time > delay) delay = policy.delay();
  }
  return delay;
}

}  // namespace

std::optional<std::int64_t> reschedule_time(const Allocation& alloc) {
  const model::ReschedulePolicy* policy = policy_of(alloc);
  if (alloc.client != ClientStatus::failed || alloc.desired == DesiredStatus::stop || !policy) {
    return std::nullopt;
  }
  const std::int64_t failed = failed_at(alloc);
  if (!has_attempts_left(alloc, failed)) return std::nullopt;
  return failed + next_delay(*policy, alloc.more().reschedules, failed);
}

bool has_attempts_left(const Allocation& alloc, std::int64_t now_ns) {
  const model::ReschedulePolicy* policy = policy_of(alloc);
  if (policy == nullptr) return false;
  if (policy->unlimited()) return true;
  const auto& records = alloc.more().reschedules;
  const auto recent = std::count_if(records.begin(), records.end(), [&](const auto& record) {
    return now_ns - record.time < policy->interval();
  });
  return recent < policy->attempts();
}

std::vector<RescheduleRecord> inherited_records(const Allocation& previous, std::int64_t now_ns) {
  const model::ReschedulePolicy* policy = policy_of(previous);
  std::vector<RescheduleRecord> records = previous.more().reschedules;
  if (policy != nullptr && !policy->unlimited()) {
    std::erase_if(records,
                  [&](const auto& record) { return now_ns - record.time >= policy->interval(); });
  } else if (records.size() > remembered_records) {
    records.erase(records.begin(), records.end() - remembered_records);
  }
  const std::int64_t delay =
      policy != nullptr ? next_delay(*policy, previous.more().reschedules, failed_at(previous)) : 0;
  records.push_back({now_ns, previous.id, previous.node, delay});
  return records;
}

}  // namespace yurt::scheduler
