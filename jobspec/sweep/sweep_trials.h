// The trials of a sweep: how many there are, and the parameters of each.
//
// grid: every combination of the parameters' values, the last parameter moving fastest. list: the
// trials as written. random: `count` independent draws from the sweep's seed. Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"

namespace yurt::model {
class Sweep;
}  // namespace yurt::model

namespace yurt::jobspec {

// No sweep may have more trials.
inline constexpr std::uint64_t most_trials = 1'000'000;

// What is wrong with `sweep`, in one sentence that names the parameter; ok when it can run.
[[nodiscard]] Status check_sweep(const model::Sweep& sweep);

// REQUIRES: check_sweep(sweep).ok()
[[nodiscard]] std::uint64_t trial_count(const model::Sweep& sweep);

// REQUIRES: trial < trial_count(sweep)
[[nodiscard]] std::map<std::string, std::string> trial_parameters(const model::Sweep& sweep,
                                                                  std::uint64_t trial);

}  // namespace yurt::jobspec
