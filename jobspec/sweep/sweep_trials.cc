#include "jobspec/sweep/sweep_trials.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

#include "jobspec/sweep/stop_rule.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {
namespace {

// A range's end counts as reached within this part of a step, so that 0.1 to 0.5 by 0.1 has five.
constexpr double range_tolerance = 1e-9;

bool is_range(const model::SweepParameter& parameter) {
  return parameter.has_from() || parameter.has_to();
}

// Whole numbers in digits, others as short as is exact: 0.1, 1000000, 1e-05.
std::string number_text(double value) {
  char text[32];
  if (std::floor(value) == value && std::abs(value) < 0x1p53) {
    std::snprintf(text, sizeof text, "%.0f", value + 0.0);
    return text;
  }
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    double back = 0;
    std::sscanf(text, "%lf", &back);
    if (back == value) break;
  }
  return text;
}

// With so many significant digits at most.
std::string rounded_text(double value, int digits) {
  if (std::floor(value) == value) return number_text(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return number_text(std::strtod(text, nullptr));
}

// The range's value at a step, free of the errors of binary fractions: 0.3, not
// 0.30000000000000004.
std::string range_value(const model::SweepParameter& parameter, std::uint64_t at) {
  const double value =
      parameter.from() + static_cast<double>(at) * (parameter.has_step() ? parameter.step() : 1.0);
  return rounded_text(value, 15);
}

std::uint64_t value_count(const model::SweepParameter& parameter) {
  if (!is_range(parameter)) return static_cast<std::uint64_t>(parameter.values_size());
  const double step = parameter.has_step() ? parameter.step() : 1.0;
  return static_cast<std::uint64_t>(
             std::floor((parameter.to() - parameter.from()) / step + range_tolerance)) +
         1;
}

// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014): any
// position of the sequence is reached at once.
std::uint64_t splitmix(std::uint64_t state) {
  state += 0x9e3779b97f4a7c15U;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebU;
  return state ^ (state >> 31);
}

std::string draw(const model::SweepParameter& parameter, std::uint64_t chance) {
  if (!is_range(parameter)) {
    return parameter.values(
        static_cast<int>(chance % static_cast<std::uint64_t>(parameter.values_size())));
  }
  const double part = static_cast<double>(chance >> 11) * 0x1p-53;
  double from = parameter.from(), to = parameter.to();
  if (parameter.integer()) {
    // Each whole number stands for what lies up to the next one.
    from = std::ceil(from);
    to = std::floor(to) + 1;
  }
  const double drawn = parameter.scale() == "log"
                           ? std::exp(std::log(from) + part * (std::log(to) - std::log(from)))
                           : from + part * (to - from);
  if (parameter.integer()) return number_text(std::clamp(std::floor(drawn), from, to - 1));
  // Fewer digits than exp and log of two C libraries might differ in.
  return rounded_text(drawn, 12);
}

Error bad_sweep(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

Error too_many() {
  return bad_sweep("the sweep has more than " + std::to_string(most_trials) + " trials");
}

template <typename Map>
std::set<std::string> sorted_names(const Map& values) {
  std::set<std::string> names;
  for (const auto& [name, value] : values) names.insert(name);
  return names;
}

Status check_parameter(const model::SweepParameter& parameter, bool random) {
  const std::string name = "sweep parameter \"" + parameter.name() + "\"";
  if (parameter.name().empty()) return bad_sweep("a sweep's parameter needs a name");
  if (is_range(parameter) == !parameter.values().empty()) {
    return bad_sweep(name + " needs either values or from and to");
  }
  if (!is_range(parameter)) return {};
  if (!parameter.has_from() || !parameter.has_to() || !(parameter.from() <= parameter.to()) ||
      !std::isfinite(parameter.from()) || !std::isfinite(parameter.to())) {
    return bad_sweep(name + " needs from and to, with from not above to");
  }
  if (parameter.integer() && std::ceil(parameter.from()) > std::floor(parameter.to())) {
    return bad_sweep(name + ": there is no whole number between from and to");
  }
  if (!random) {
    if (parameter.has_step() && !(parameter.step() > 0)) {
      return bad_sweep(name + ": step must be above 0");
    }
    const double step = parameter.has_step() ? parameter.step() : 1.0;
    if ((parameter.to() - parameter.from()) / step > static_cast<double>(most_trials)) {
      return bad_sweep(name + " has more than " + std::to_string(most_trials) + " values");
    }
    if (parameter.has_scale()) {
      return bad_sweep(name + ": scale is for random sweeps; a grid has from, to and step");
    }
  } else if (parameter.has_step()) {
    return bad_sweep(name + ": step is for grids; a random sweep draws between from and to");
  }
  if (parameter.scale() == "log" && parameter.from() <= 0) {
    return bad_sweep(name + ": a log scale needs from above 0");
  }
  if (parameter.has_scale() && parameter.scale() != "log" && parameter.scale() != "linear") {
    return bad_sweep(name + ": scale is \"linear\" or \"log\", not \"" + parameter.scale() + "\"");
  }
  return {};
}

Status check_list(const model::Sweep& sweep) {
  if (sweep.trial().empty()) return bad_sweep("a sweep by list needs trials: trial blocks or file");
  if (!sweep.parameter().empty()) {
    return bad_sweep("parameter blocks are for grids and random sweeps; this one has a list");
  }
  if (static_cast<std::uint64_t>(sweep.trial_size()) > most_trials) return too_many();
  const auto& first = sweep.trial(0).values();
  for (int i = 0; i < sweep.trial_size(); ++i) {
    const auto& values = sweep.trial(i).values();
    const std::string which = "trial " + std::to_string(i + 1) + " of the sweep ";
    for (const std::string& name : sorted_names(first)) {
      if (!values.contains(name)) {
        return bad_sweep(which + "lacks \"" + name + "\", which the first one has");
      }
    }
    for (const std::string& name : sorted_names(values)) {
      if (!first.contains(name)) {
        return bad_sweep(which + "has \"" + name + "\", which the first one has not");
      }
    }
  }
  return {};
}

}  // namespace

Status check_sweep(const model::Sweep& sweep) {
  if (!sweep.stop_when().empty()) {
    if (const auto rule = parse_stop_rule(sweep.stop_when()); !rule.ok()) return rule.error();
  }
  if (sweep.max_failures() < 0) return bad_sweep("max_failures must not be negative");
  const std::string& method = sweep.method();
  if (method == "list") return check_list(sweep);
  if (method != "grid" && method != "random") {
    return bad_sweep("a sweep's method is \"grid\", \"random\" or \"list\", not \"" + method +
                     "\"");
  }
  if (!sweep.trial().empty()) {
    return bad_sweep("trial blocks and file are for sweeps by list; this one's method is \"" +
                     method + "\"");
  }
  if (sweep.parameter().empty()) return bad_sweep("a sweep needs at least one parameter");
  std::set<std::string> names;
  double trials = 1;
  for (const auto& parameter : sweep.parameter()) {
    YURT_TRY(check_parameter(parameter, method == "random"));
    if (!names.insert(parameter.name()).second) {
      return bad_sweep("sweep parameter \"" + parameter.name() + "\" is given twice");
    }
    if (method == "grid") trials *= static_cast<double>(value_count(parameter));
  }
  if (method == "random") {
    if (sweep.count() <= 0) return bad_sweep("a random sweep needs a count above 0");
    trials = sweep.count();
  }
  if (trials > static_cast<double>(most_trials)) return too_many();
  return {};
}

std::uint64_t trial_count(const model::Sweep& sweep) {
  if (sweep.method() == "list") return static_cast<std::uint64_t>(sweep.trial_size());
  if (sweep.method() == "random") return static_cast<std::uint64_t>(sweep.count());
  std::uint64_t trials = 1;
  for (const auto& parameter : sweep.parameter()) trials *= value_count(parameter);
  return trials;
}

std::map<std::string, std::string> trial_parameters(const model::Sweep& sweep,
                                                    std::uint64_t trial) {
  std::map<std::string, std::string> out;
  if (sweep.method() == "list") {
    const auto& values = sweep.trial(static_cast<int>(trial)).values();
    return {values.begin(), values.end()};
  }
  if (sweep.method() == "random") {
    std::uint64_t state = splitmix(sweep.seed() ^ splitmix(trial));
    for (const auto& parameter : sweep.parameter()) {
      state = splitmix(state);
      out[parameter.name()] = draw(parameter, state);
    }
    return out;
  }
  for (int i = sweep.parameter_size() - 1; i >= 0; --i) {
    const auto& parameter = sweep.parameter(i);
    const std::uint64_t count = value_count(parameter);
    out[parameter.name()] = is_range(parameter) ? range_value(parameter, trial % count)
                                                : parameter.values(static_cast<int>(trial % count));
    trial /= count;
  }
  return out;
}

}  // namespace yurt::jobspec
