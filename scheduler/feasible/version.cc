#include "scheduler/feasible/version.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace yurt::scheduler {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes a number off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// Dot-separated, non-empty identifiers of letters, digits, '-' and, when lenient, '~'.
bool is_identifier_list(std::string_view text, bool lenient) {
  bool empty = true;
  for (char c : text) {
    if (c == '.') {
      if (empty) return false;
      empty = true;
    } else if (is_digit(c) || is_letter(c) || c == '-' || (lenient && c == '~')) {
      empty = false;
    } else {
      return false;
    }
  }
  return !empty;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

int compare_numbers(std::string_view a, std::string_view b) {
  while (a.size() > 1 && a.front() == '0') a.remove_prefix(1);
  while (b.size() > 1 && b.front() == '0') b.remove_prefix(1);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

// Semantic Versioning 2.0, item 11.
int compare_prereleases(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.empty()) return 1;
  if (b.empty()) return -1;
  const auto left = split(a, '.'), right = split(b, '.');
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    const bool left_number = is_number(left[i]), right_number = is_number(right[i]);
    int order = 0;
    if (left_number && right_number) {
      order = compare_numbers(left[i], right[i]);
    } else if (left_number != right_number) {
      order = left_number ? -1 : 1;
    } else {
      order = left[i].compare(right[i]);
    }
    if (order != 0) return order;
  }
  return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
}

void pad(Version& version) {
  version.given_segments = version.segments.size();
  while (version.segments.size() < 3) version.segments.push_back(0);
}

bool same_segments(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < std::max(a.segments.size(), b.segments.size()); ++i) {
    const auto left = i < a.segments.size() ? a.segments[i] : 0;
    const auto right = i < b.segments.size() ? b.segments[i] : 0;
    if (left != right) return false;
  }
  return true;
}

// A constraint without pre-release never matches one; a constraint with one matches only
// pre-releases of the same version, or releases.
bool prerelease_allowed(const Version& version, const Version& wanted) {
  if (version.prerelease.empty()) return true;
  return !wanted.prerelease.empty() && same_segments(version, wanted);
}

bool pessimistic(const Version& version, const Version& wanted) {
  if (!prerelease_allowed(version, wanted)) return false;
  if (!wanted.prerelease.empty() && version.prerelease.empty()) return false;
  if (compare(version, wanted) < 0) return false;
  if (wanted.segments.size() > version.segments.size()) return false;
  for (std::size_t i = 0; i + 1 < wanted.given_segments; ++i) {
    if (version.segments[i] != wanted.segments[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Version> Version::parse_lenient(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && text.front() == 'v') text.remove_prefix(1);
  Version version;
  for (;;) {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    version.segments.push_back(*number);
    if (text.size() < 2 || text.front() != '.' || !is_digit(text[1])) break;
    text.remove_prefix(1);
  }
  pad(version);
  const auto plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!is_identifier_list(text.substr(plus + 1), true)) return std::nullopt;
    text = text.substr(0, plus);
  }
  if (text.empty()) return version;
  if (text.front() == '-') {
    text.remove_prefix(1);
  } else if (is_digit(text.front())) {
    return std::nullopt;
  }
  if (!is_identifier_list(text, true)) return std::nullopt;
  version.prerelease = text;
  return version;
}

std::optional<Version> Version::parse_strict(std::string_view text) {
  text = trimmed(text);
  Version version;
  for (int i = 0; i < 3; ++i) {
    if (i > 0) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    if (text.front() == '0' && text.size() > 1 && is_digit(text[1])) return std::nullopt;
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    version.segments.push_back(*number);
  }
  pad(version);
  const auto plus = text.find('+');
  if (plus != std::string_view::npos) {
    if (!is_identifier_list(text.substr(plus + 1), false)) return std::nullopt;
    text = text.substr(0, plus);
  }
  if (text.empty()) return version;
  if (text.front() != '-' || !is_identifier_list(text.substr(1), false)) return std::nullopt;
  for (std::string_view part : split(text.substr(1), '.')) {
    if (part.size() > 1 && part.front() == '0' && is_number(part)) return std::nullopt;
  }
  version.prerelease = text.substr(1);
  return version;
}

int compare(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < std::max(a.segments.size(), b.segments.size()); ++i) {
    const auto left = i < a.segments.size() ? a.segments[i] : 0;
    const auto right = i < b.segments.size() ? b.segments[i] : 0;
    if (left != right) return left < right ? -1 : 1;
  }
  return compare_prereleases(a.prerelease, b.prerelease);
}

std::optional<VersionConstraint> VersionConstraint::parse(std::string_view text, Mode mode) {
  struct Symbol {
    std::string_view text;
    Op op;
  };
  // Longer symbols first, since "<" starts "<=" too.
  static constexpr std::array symbols{Symbol{">=", Op::at_least},  Symbol{"<=", Op::at_most},
                                      Symbol{"!=", Op::not_equal}, Symbol{"~>", Op::pessimistic},
                                      Symbol{"=", Op::equal},      Symbol{">", Op::greater},
                                      Symbol{"<", Op::less}};
  VersionConstraint constraint;
  constraint.mode_ = mode;
  for (std::string_view part : split(text, ',')) {
    part = trimmed(part);
    Op op = Op::equal;
    for (const Symbol& symbol : symbols) {
      if (part.starts_with(symbol.text)) {
        op = symbol.op;
        part = trimmed(part.substr(symbol.text.size()));
        break;
      }
    }
    if (mode == Mode::strict && op == Op::pessimistic) return std::nullopt;
    auto version =
        mode == Mode::strict ? Version::parse_strict(part) : Version::parse_lenient(part);
    if (!version) return std::nullopt;
    constraint.terms_.push_back({op, *std::move(version)});
  }
  return constraint;
}

bool VersionConstraint::holds_for(std::string_view text) const {
  const auto version =
      mode_ == Mode::strict ? Version::parse_strict(text) : Version::parse_lenient(text);
  return version && std::all_of(terms_.begin(), terms_.end(),
                                [&](const Term& term) { return term_holds(term, *version); });
}

bool VersionConstraint::term_holds(const Term& term, const Version& version) const {
  const int order = compare(version, term.version);
  const bool allowed = mode_ == Mode::strict || prerelease_allowed(version, term.version);
  switch (term.op) {
    case Op::equal: return order == 0;
    case Op::not_equal: return order != 0;
    case Op::greater: return allowed && order > 0;
    case Op::less: return allowed && order < 0;
    case Op::at_least: return allowed && order >= 0;
    case Op::at_most: return allowed && order <= 0;
    case Op::pessimistic: return pessimistic(version, term.version);
  }
  return false;
}

}  // namespace yurt::scheduler
