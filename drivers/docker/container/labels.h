// The labels by which containers are recognised as Yurt's, and whose they are. Nothing without
// `owner` and this agent's value in it is ever touched.
#pragma once

namespace yurt::drivers::docker::label {

inline constexpr const char* owner = "yurt.owner";  // the agent that started it
inline constexpr const char* task_id = "yurt.task_id";
inline constexpr const char* state = "yurt.state";  // what recovering it takes
inline constexpr const char* alloc_id = "yurt.alloc_id";
inline constexpr const char* ns = "yurt.namespace";
inline constexpr const char* job_id = "yurt.job_id";
inline constexpr const char* group = "yurt.group";
inline constexpr const char* task = "yurt.task";
// What log shippers made for Nomad look for.
inline constexpr const char* nomad_alloc_id = "com.hashicorp.nomad.alloc_id";

}  // namespace yurt::drivers::docker::label
