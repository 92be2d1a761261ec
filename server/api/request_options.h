// The options that every request carries in a field named query or write.
#pragma once

#include "base/result.h"
#include "server/api/operation.h"

namespace yurt::server {

inline constexpr const char* default_namespace = "default";

// The request's QueryOptions; null when it has none.
[[nodiscard]] const model::QueryOptions* query_options(const Message& request);
// The request's WriteOptions; null when it has none. A request may be WriteOptions itself.
[[nodiscard]] const model::WriteOptions* write_options(const Message& request);

// An error when the request asks for a region that this server knows no way to.
[[nodiscard]] Status check_region(const Message& request, const std::string& own_region);

// How long a blocking query waits: what was asked for, 5 minutes when nothing was and at most, and
// a random sixteenth on top, so that many clients do not come back at once. Nanoseconds.
[[nodiscard]] std::int64_t blocking_wait_ns(const model::QueryOptions& query, Random& random);

// Writes what a read's answer says about itself: into its query_meta, and into its own Index,
// LastContact and KnownLeader where it has them.
void fill_query_meta(const model::QueryMeta& meta, Message& response);

// The namespace that a write applies to: `asked`, or the default one.
[[nodiscard]] inline const std::string& namespace_or_default(const std::string& asked) {
  static const std::string fallback = default_namespace;
  return asked.empty() ? fallback : asked;
}

}  // namespace yurt::server
