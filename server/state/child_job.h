// The job that a dispatched child, a trial of a sweep or a launch of a periodic job stands for.
#pragma once

#include <cstdint>
#include <string>

namespace yurt::model {
class DispatchedChild;
class Job;
class SweepRecord;
}  // namespace yurt::model

namespace yurt::server {

// `parent` is the version that the child was dispatched from. The result is a version 0, pending.
[[nodiscard]] model::Job make_child(const model::Job& parent, const std::string& id,
                                    const model::DispatchedChild& child);

// The same bytes for the same child, on every server.
[[nodiscard]] std::string serialize_child(const model::DispatchedChild& child);

// "<job>/sweep-<id>-<trial>", the trial with at least five digits.
[[nodiscard]] std::string trial_job_id(const std::string& job_id, const std::string& sweep_id,
                                       std::uint32_t trial);

// The child that trial number `trial` of a sweep is.
[[nodiscard]] model::DispatchedChild trial_child(const model::SweepRecord& sweep,
                                                 std::uint64_t parent_create_index,
                                                 std::uint32_t trial, std::int64_t time);

}  // namespace yurt::server
