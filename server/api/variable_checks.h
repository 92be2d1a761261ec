// What a variable must look like before it is written. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "proto/release.pb.h"

namespace yurt::server {

inline constexpr std::size_t longest_variable_path = 128;
inline constexpr std::size_t most_variable_bytes = 64 << 10;  // of its items' names and values
inline constexpr std::int64_t shortest_lock_ttl_ns = 10'000'000'000;
inline constexpr std::int64_t longest_lock_ttl_ns = 24 * 3'600'000'000'000;
inline constexpr std::int64_t default_lock_ttl_ns = 15'000'000'000;
inline constexpr std::int64_t default_lock_delay_ns = 15'000'000'000;

[[nodiscard]] Status check_variable_path(const std::string& path);
[[nodiscard]] Status check_variable_items(const model::Variable& variable);
// Fills in what the lock leaves open; an error says what cannot be.
[[nodiscard]] Status complete_lock(model::VariableLock& lock);

}  // namespace yurt::server
