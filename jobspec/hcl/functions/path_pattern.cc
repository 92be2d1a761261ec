#include "jobspec/hcl/functions/path_pattern.h"

#include <optional>

#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

constexpr std::size_t most_alternatives = 1000;

std::vector<std::string> split_names(std::string_view path) {
  std::vector<std::string> names;
  while (true) {
    const std::size_t slash = path.find('/');
    names.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return names;
    path.remove_prefix(slash + 1);
  }
}

// The index just past the character set that starts at `at`, npos when it is not closed.
std::size_t set_end(std::string_view pattern, std::size_t at) {
  std::size_t end = at + 1;
  if (end < pattern.size() && (pattern[end] == '!' || pattern[end] == '^')) ++end;
  if (end < pattern.size() && pattern[end] == ']') ++end;
  end = pattern.find(']', end);
  return end == std::string_view::npos ? end : end + 1;
}

// `set` with its brackets.
bool in_set(std::string_view set, char32_t wanted) {
  set = set.substr(1, set.size() - 2);
  const bool negated = set.starts_with('!') || set.starts_with('^');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size();) {
    const CodePoint low = decode_utf8(set, i);
    i += low.bytes;
    char32_t high = low.value;
    if (i + 1 < set.size() && set[i] == '-') {
      const CodePoint last = decode_utf8(set, i + 1);
      high = last.value;
      i += 1 + last.bytes;
    }
    found = found || (low.value <= wanted && wanted <= high);
  }
  return found != negated;
}

// The bytes of `pattern` from `at` on that match one character of `name` at `position`, if they do.
struct OneStep {
  std::size_t pattern_bytes;
  std::size_t name_bytes;
};

std::optional<OneStep> match_one(std::string_view pattern, std::size_t at, std::string_view name,
                                 std::size_t position) {
  if (at >= pattern.size() || position >= name.size()) return std::nullopt;
  const CodePoint actual = decode_utf8(name, position);
  if (pattern[at] == '?') return OneStep{1, actual.bytes};
  if (pattern[at] == '[') {
    const std::size_t end = set_end(pattern, at);
    if (!in_set(pattern.substr(at, end - at), actual.value)) return std::nullopt;
    return OneStep{end - at, actual.bytes};
  }
  const std::size_t escape = pattern[at] == '\\' && at + 1 < pattern.size() ? 1 : 0;
  const CodePoint wanted = decode_utf8(pattern, at + escape);
  if (wanted.value != actual.value || wanted.valid != actual.valid) return std::nullopt;
  return OneStep{escape + wanted.bytes, actual.bytes};
}

// Backs up to the last star only, so at most the product of the lengths.
bool match_name(std::string_view pattern, std::string_view name) {
  std::size_t at = 0, position = 0, star = std::string_view::npos, star_position = 0;
  while (position < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_position = position;
    } else if (const auto step = match_one(pattern, at, name, position)) {
      at += step->pattern_bytes;
      position += step->name_bytes;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      star_position += decode_utf8(name, star_position).bytes;
      position = star_position;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

bool match_names(const std::vector<std::string>& pattern, const std::vector<std::string>& names) {
  std::size_t at = 0, position = 0;
  std::optional<std::size_t> star;
  std::size_t star_position = 0;
  while (position < names.size()) {
    if (at < pattern.size() && pattern[at] == "**") {
      star = at++;
      star_position = position;
    } else if (at < pattern.size() && match_name(pattern[at], names[position])) {
      ++at;
      ++position;
    } else if (star) {
      at = *star + 1;
      position = ++star_position;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == "**") ++at;
  return at == pattern.size();
}

// The first {a,b} of `pattern` replaced by each of its alternatives; `pattern` itself without one.
Result<std::vector<std::string>> expand_once(const std::string& pattern) {
  std::size_t open = 0;
  while (open < pattern.size() && pattern[open] != '{') open += pattern[open] == '\\' ? 2 : 1;
  if (open >= pattern.size()) return std::vector<std::string>{pattern};
  std::vector<std::size_t> borders{open};
  std::size_t depth = 0, i = open;
  for (; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '{') {
      ++depth;
    } else if (pattern[i] == ',' && depth == 1) {
      borders.push_back(i);
    } else if (pattern[i] == '}' && --depth == 0) {
      break;
    }
  }
  if (i >= pattern.size()) return Error{ErrorCode::invalid_argument, "a { is not closed"};
  borders.push_back(i);
  std::vector<std::string> expanded;
  for (std::size_t n = 0; n + 1 < borders.size(); ++n) {
    expanded.push_back(pattern.substr(0, open) +
                       pattern.substr(borders[n] + 1, borders[n + 1] - borders[n] - 1) +
                       pattern.substr(i + 1));
  }
  return expanded;
}

}  // namespace

Result<PathPattern> PathPattern::parse(std::string_view pattern) {
  std::vector<std::string> waiting{std::string(pattern)};
  PathPattern result;
  while (!waiting.empty()) {
    if (waiting.size() + result.alternatives_.size() > most_alternatives) {
      return Error{ErrorCode::invalid_argument, "the pattern has too many alternatives"};
    }
    const std::string next = std::move(waiting.back());
    waiting.pop_back();
    YURT_ASSIGN(auto expanded, expand_once(next));
    if (expanded.size() > 1 || expanded[0] != next) {
      waiting.insert(waiting.end(), expanded.begin(), expanded.end());
      continue;
    }
    for (std::size_t i = 0; i < next.size(); ++i) {
      if (next[i] == '\\') {
        ++i;
      } else if (next[i] == '[') {
        const std::size_t end = set_end(next, i);
        if (end == std::string::npos) {
          return Error{ErrorCode::invalid_argument, "a [ is not closed"};
        }
        i = end - 1;
      }
    }
    result.alternatives_.push_back(split_names(next));
  }
  return result;
}

bool PathPattern::matches(std::string_view path) const {
  const std::vector<std::string> names = split_names(path);
  for (const auto& alternative : alternatives_) {
    if (match_names(alternative, names)) return true;
  }
  return false;
}

}  // namespace yurt::hcl
