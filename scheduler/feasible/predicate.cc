#include "scheduler/feasible/predicate.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <vector>

#include "scheduler/feasible/quantity.h"
#include "scheduler/feasible/version.h"

namespace yurt::scheduler {
enum class PredicateOp {
  equal,
  not_equal,
  less,
  at_most,
  greater,
  at_least,
  regexp,
  version,
  semver,
  set_contains_all,
  set_contains_any,
  is_set,
  is_not_set,
  unknown,
};

namespace {

PredicateOp parse_op(const std::string& text) {
  static const std::unordered_map<std::string, PredicateOp> ops{
      {"", PredicateOp::equal},
      {"=", PredicateOp::equal},
      {"==", PredicateOp::equal},
      {"is", PredicateOp::equal},
      {"!=", PredicateOp::not_equal},
      {"not", PredicateOp::not_equal},
      {"<", PredicateOp::less},
      {"<=", PredicateOp::at_most},
      {">", PredicateOp::greater},
      {">=", PredicateOp::at_least},
      {"regexp", PredicateOp::regexp},
      {"version", PredicateOp::version},
      {"semver", PredicateOp::semver},
      {"set_contains", PredicateOp::set_contains_all},
      {"set_contains_all", PredicateOp::set_contains_all},
      {"set_contains_any", PredicateOp::set_contains_any},
      {"is_set", PredicateOp::is_set},
      {"is_not_set", PredicateOp::is_not_set},
  };
  auto at = ops.find(text);
  return at == ops.end() ? PredicateOp::unknown : at->second;
}

template <typename Number>
std::optional<Number> parse_number(const std::string& text) {
  Number value{};
  const char* begin = text.data();
  const char* const end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (begin == end || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

template <typename T>
bool ordered(PredicateOp op, const T& left, const T& right) {
  switch (op) {
    case PredicateOp::less: return left < right;
    case PredicateOp::at_most: return left <= right;
    case PredicateOp::greater: return left > right;
    default: return left >= right;
  }
}

// As integers when both are, else as floats, else as text.
bool check_order(PredicateOp op, const std::string& left, const std::string& right) {
  const auto left_int = parse_number<std::int64_t>(left);
  const auto right_int = parse_number<std::int64_t>(right);
  if (left_int && right_int) return ordered(op, *left_int, *right_int);
  const auto left_float = parse_number<double>(left);
  const auto right_float = parse_number<double>(right);
  if (left_float && right_float) return ordered(op, *left_float, *right_float);
  return ordered(op, left, right);
}

std::vector<std::string> split_set(const std::string& text) {
  std::vector<std::string> items;
  std::size_t start = 0;
  for (;;) {
    const auto comma = text.find(',', start);
    std::string item = text.substr(start, comma == std::string::npos ? comma : comma - start);
    const auto first = item.find_first_not_of(" \t");
    item = first == std::string::npos
               ? ""
               : item.substr(first, item.find_last_not_of(" \t") - first + 1);
    items.push_back(std::move(item));
    if (comma == std::string::npos) return items;
    start = comma + 1;
  }
}

bool check_set(PredicateOp op, const std::string& left, const std::string& right) {
  const auto have = split_set(left), wanted = split_set(right);
  const auto contained = [&](const std::string& item) {
    return std::find(have.begin(), have.end(), item) != have.end();
  };
  return op == PredicateOp::set_contains_any ? std::any_of(wanted.begin(), wanted.end(), contained)
                                             : std::all_of(wanted.begin(), wanted.end(), contained);
}

// A pattern that any job's author may write: bounded in memory, linear in time (RE2).
std::unique_ptr<re2::RE2> compile_pattern(const std::string& text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto pattern = std::make_unique<re2::RE2>(text, options);
  return pattern->ok() ? std::move(pattern) : nullptr;
}

}  // namespace

struct Predicate::Compiled {
  PredicateOp op = PredicateOp::unknown;
  std::unordered_map<std::string, std::unique_ptr<re2::RE2>> patterns;
  std::unordered_map<std::string, std::optional<VersionConstraint>> versions;

  const re2::RE2* pattern(const std::string& text) {
    auto at = patterns.find(text);
    if (at == patterns.end()) at = patterns.emplace(text, compile_pattern(text)).first;
    return at->second.get();
  }
  const std::optional<VersionConstraint>& version(const std::string& text) {
    auto at = versions.find(text);
    if (at == versions.end()) {
      const auto mode = op == PredicateOp::semver ? VersionConstraint::Mode::strict
                                                  : VersionConstraint::Mode::lenient;
      at = versions.emplace(text, VersionConstraint::parse(text, mode)).first;
    }
    return at->second;
  }
};

Predicate::Predicate(const std::string& left, const std::string& op, const std::string& right)
    : left_(left), right_(right), compiled_(std::make_unique<Compiled>()) {
  compiled_->op = parse_op(op);
}
Predicate::~Predicate() = default;
Predicate::Predicate(Predicate&&) noexcept = default;
Predicate& Predicate::operator=(Predicate&&) noexcept = default;

bool Predicate::holds_for(const model::Node& node) const {
  return holds(left_.resolve(node), right_.resolve(node));
}

bool Predicate::holds_for(const model::NodeDevice& device) const {
  const Value left = left_.resolve(device), right = right_.resolve(device);
  const auto compared =
      left && right ? compare_quantities(*left, *right) : std::optional<std::partial_ordering>();
  if (!compared) return holds(left, right);
  switch (compiled_->op) {
    case PredicateOp::equal: return *compared == 0;
    case PredicateOp::not_equal: return *compared != 0;
    case PredicateOp::less: return *compared < 0;
    case PredicateOp::at_most: return *compared <= 0;
    case PredicateOp::greater: return *compared > 0;
    case PredicateOp::at_least: return *compared >= 0;
    default: return holds(left, right);
  }
}

bool Predicate::holds(const Value& left, const Value& right) const {
  const PredicateOp op = compiled_->op;
  if (op == PredicateOp::is_set) return left.has_value();
  if (op == PredicateOp::is_not_set) return !left.has_value();
  // What a node does not have differs from every value.
  if (op == PredicateOp::not_equal) return left != right;
  if (!left || !right) return false;
  switch (op) {
    case PredicateOp::equal: return *left == *right;
    case PredicateOp::less:
    case PredicateOp::at_most:
    case PredicateOp::greater:
    case PredicateOp::at_least: return check_order(op, *left, *right);
    case PredicateOp::regexp: {
      const re2::RE2* pattern = compiled_->pattern(*right);
      return pattern != nullptr && re2::RE2::PartialMatch(*left, *pattern);
    }
    case PredicateOp::version:
    case PredicateOp::semver: {
      const auto& constraint = compiled_->version(*right);
      return constraint && constraint->holds_for(*left);
    }
    case PredicateOp::set_contains_all:
    case PredicateOp::set_contains_any: return check_set(op, *left, *right);
    default: return false;
  }
}

}  // namespace yurt::scheduler
