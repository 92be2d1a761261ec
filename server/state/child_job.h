// The job that a dispatched child, a trial of a sweep or a launch of a periodic job stands for.
#pragma once

#include <google/protobuf/map.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace yurt::model {
class DispatchedChild;
class Job;
}  // namespace yurt::model

namespace yurt::server {

struct SweepRow;

// `parent` is the version that the child was dispatched from. The result is a version 0, pending.
[[nodiscard]] model::Job make_child(const model::Job& parent, const std::string& id,
                                    const model::DispatchedChild& child);

// Tokens that stand for a job's cache_key rather than for one dispatch.
inline constexpr std::string_view cache_prefix = "cache-";

// The token of a dispatch of `parent` with `meta`, from the job's cache_key with its
// ${NOMAD_META_...} filled in; "" when the job has none.
[[nodiscard]] std::string cache_token(const model::Job& parent,
                                      const google::protobuf::Map<std::string, std::string>& meta);

// The same bytes for the same child, on every server.
[[nodiscard]] std::string serialize_child(const model::DispatchedChild& child);

// "<job>/sweep-<id>-<trial>", the trial with at least five digits.
[[nodiscard]] std::string trial_job_id(const std::string& job_id, const std::string& sweep_id,
                                       std::uint32_t trial);

// The child that trial number `trial` of a sweep is.
[[nodiscard]] model::DispatchedChild trial_child(const SweepRow& sweep,
                                                 std::uint64_t parent_create_index,
                                                 std::uint32_t trial, std::int64_t time);

}  // namespace yurt::server
