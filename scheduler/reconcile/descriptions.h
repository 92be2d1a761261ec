// The sentences that allocations and evaluations carry to users; CLIs show them as they are.
#pragma once

namespace yurt::scheduler::description {

inline constexpr const char* not_needed = "alloc not needed due to job update";
inline constexpr const char* reconnected = "alloc not needed due to disconnected client reconnect";
inline constexpr const char* migrating = "alloc is being migrated";
inline constexpr const char* updating = "alloc is being updated due to job update";
inline constexpr const char* gives_way = "alloc gives its place to a canary";
inline constexpr const char* gives_back = "created to give further places back from canaries";
inline constexpr const char* lost = "alloc is lost since its node is down";
inline constexpr const char* unknown = "alloc is unknown since its node is disconnected";
inline constexpr const char* node_tainted = "alloc not needed as node is tainted";
inline constexpr const char* rescheduled = "alloc was rescheduled because it failed";
inline constexpr const char* blocked = "created to place remaining allocations";
inline constexpr const char* delayed_reschedule = "created for delayed rescheduling";
inline constexpr const char* disconnect_timeout = "created for delayed disconnect timeout";

}  // namespace yurt::scheduler::description
