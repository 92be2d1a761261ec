#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

constexpr std::array<std::string_view, 18> operators{"=",
                                                     "==",
                                                     "is",
                                                     "!=",
                                                     "not",
                                                     "<",
                                                     "<=",
                                                     ">",
                                                     ">=",
                                                     "regexp",
                                                     "version",
                                                     "semver",
                                                     "set_contains",
                                                     "set_contains_all",
                                                     "set_contains_any",
                                                     "is_set",
                                                     "is_not_set",
                                                     "distinct_hosts"};
constexpr std::string_view distinct_property = "distinct_property";

bool is_operator(std::string_view name) {
  return name == distinct_property ||
         std::find(operators.begin(), operators.end(), name) != operators.end();
}

// A target is a literal, or ${…} around something a node has.
void check_target(const std::string& target, bool device, const std::string& path, Issues& issues) {
  if (!target.starts_with('$')) return;
  for (const std::string_view whole : {"${node.unique.id}", "${node.datacenter}",
                                       "${node.unique.name}", "${node.class}", "${node.pool}"}) {
    if (target == whole) return;
  }
  for (const std::string_view prefix : {"${attr.", "${meta.", "${device."}) {
    if (target.starts_with(prefix) && target.ends_with('}')) return;
  }
  issues.error(path, quoted(target) + " is nothing a node has; expected ${attr.…}, ${meta.…}, " +
                         (device ? "${device.…}, " : "") +
                         "${node.unique.id}, ${node.unique.name}, ${node.datacenter}, "
                         "${node.class} or ${node.pool}");
}

// Syntax only; what the words mean is the scheduler's business.
void check_version_value(const std::string& value, const std::string& path, Issues& issues) {
  static const RE2 one(
      R"(\s*(=|!=|>|<|>=|<=|~>)?\s*v?[0-9]+(\.[0-9]+)*(-[0-9A-Za-z.~-]+)?(\+[0-9A-Za-z.~-]+)?\s*)");
  std::size_t begin = 0;
  while (begin <= value.size()) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    const std::string part = value.substr(begin, end - begin);
    if (!RE2::FullMatch(part, one)) {
      issues.error(
          path, quoted(value) + " is no version constraint; expected for instance \">= 1.2, < 2\"");
      return;
    }
    begin = end + 1;
  }
}

void check_value(const std::string& op, const std::string& value, const std::string& path,
                 Issues& issues) {
  if (value.starts_with("${")) return;
  if (op == "regexp") {
    RE2::Options quiet;
    quiet.set_log_errors(false);
    const RE2 pattern(value, quiet);
    if (!pattern.ok()) {
      issues.error(path, quoted(value) + " is no regular expression: " + pattern.error());
    }
  } else if (op == "version" || op == "semver") {
    check_version_value(value, path, issues);
  } else if (op.starts_with("set_contains") && value.empty()) {
    issues.error(path, op + " needs a value");
  }
}

void check_distinct(const model::Constraint& constraint, Level level, const std::string& path,
                    Issues& issues) {
  const std::string& op = constraint.operator_();
  if (level == Level::task || level == Level::device) {
    issues.error(path, op + " is not possible in a task: a group's tasks are always placed "
                            "together; use it in the group or job");
  }
  if (op == "distinct_hosts") {
    if (!constraint.value().empty()) {
      check_choice("the value of distinct_hosts", constraint.value(), {"true", "false"},
                   path_of(path, "value"), issues);
    }
    return;
  }
  if (constraint.attribute().empty()) {
    issues.error(path, "distinct_property needs an attribute");
  }
  const std::string& value = constraint.value();
  std::uint64_t count = 1;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), count);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == value.data() + value.size();
  if (!value.empty() && (!whole || count == 0)) {
    issues.error(path_of(path, "value"),
                 "the value of distinct_property is the number of allocations allowed for each "
                 "value of the attribute, not " +
                     quoted(value));
  }
}

}  // namespace

void check_constraints(const List<model::Constraint>& constraints, Level level,
                       const std::string& path, Issues& issues) {
  for (int i = 0; i < constraints.size(); ++i) {
    const model::Constraint& constraint = constraints[i];
    const std::string own_path = path + "[" + std::to_string(i) + "]";
    const std::string& op = constraint.operator_();
    check_target(constraint.attribute(), level == Level::device, path_of(own_path, "attribute"),
                 issues);
    check_target(constraint.value(), level == Level::device, path_of(own_path, "value"), issues);
    if (!is_operator(op)) {
      issues.error(path_of(own_path, "operator"), quoted(op) + " is no constraint operator");
      continue;
    }
    if (op == "distinct_hosts" || op == distinct_property) {
      check_distinct(constraint, level, own_path, issues);
      continue;
    }
    if (constraint.attribute().empty()) {
      issues.error(own_path, "a constraint with operator " + quoted(op) + " needs an attribute");
    }
    check_value(op, constraint.value(), path_of(own_path, "value"), issues);
  }
}

void check_affinities(const model::Job& job, const List<model::Affinity>& affinities,
                      const std::string& path, Issues& issues) {
  if (job.type() == "system") {
    for (int i = 0; i < affinities.size(); ++i) {
      issues.error(path + "[" + std::to_string(i) + "]",
                   "a system job has no use for an affinity: it runs on every node");
    }
  }
  check_each_affinity(affinities, path, issues);
}

void check_each_affinity(const List<model::Affinity>& affinities, const std::string& path,
                         Issues& issues) {
  for (int i = 0; i < affinities.size(); ++i) {
    const model::Affinity& affinity = affinities[i];
    const std::string own_path = path + "[" + std::to_string(i) + "]";
    const std::string& op = affinity.operator_();
    if (!is_operator(op) || op.starts_with("distinct_")) {
      issues.error(path_of(own_path, "operator"), quoted(op) + " is no affinity operator");
      continue;
    }
    if (affinity.attribute().empty()) issues.error(own_path, "an affinity needs an attribute");
    check_target(affinity.attribute(), true, path_of(own_path, "attribute"), issues);
    check_target(affinity.value(), true, path_of(own_path, "value"), issues);
    check_value(op, affinity.value(), path_of(own_path, "value"), issues);
    if (affinity.weight() == 0 || affinity.weight() < -100 || affinity.weight() > 100) {
      issues.error(
          path_of(own_path, "weight"),
          "weight must be from -100 to 100 and not 0, it is " + std::to_string(affinity.weight()));
    }
  }
}

void check_spreads(const model::Job& job, const List<model::Spread>& spreads,
                   const std::string& path, Issues& issues) {
  for (int i = 0; i < spreads.size(); ++i) {
    const model::Spread& spread = spreads[i];
    const std::string own_path = path + "[" + std::to_string(i) + "]";
    if (job.type() == "system") {
      issues.error(own_path, "a system job has no use for a spread: it runs on every node");
    }
    check_target(spread.attribute(), false, path_of(own_path, "attribute"), issues);
    if (spread.weight() < 1 || spread.weight() > 100) {
      issues.error(path_of(own_path, "weight"),
                   "weight must be from 1 to 100, it is " + std::to_string(spread.weight()));
    }
    std::set<std::string> values;
    std::uint64_t sum = 0;
    for (int k = 0; k < spread.target_size(); ++k) {
      const model::SpreadTarget& target = spread.target(k);
      const std::string target_path = path_of(own_path, "target", k);
      sum += target.percent();
      if (!values.insert(target.value()).second) {
        issues.error(target_path, "target " + quoted(target.value()) + " is given twice");
      }
      if (target.percent() > 100) {
        issues.error(path_of(target_path, "percent"),
                     "percent must be from 0 to 100, it is " + std::to_string(target.percent()));
      }
    }
    if (sum > 100) {
      issues.error(own_path,
                   "the targets' percentages add up to " + std::to_string(sum) + ", above 100");
    }
  }
}

}  // namespace yurt::jobspec
