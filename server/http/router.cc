#include <algorithm>
#include <vector>

#include "server/http/route.h"

namespace yurt::server {
namespace {

struct Pattern {
  std::string_view prefix, name, suffix;
  std::string_view middle = {}, second_name = {};  // between the two names, when there are two
};

Pattern pattern_of(std::string_view path) {
  const std::size_t colon = path.find("/:");
  if (colon == std::string_view::npos) return {path, {}, {}};
  const std::size_t end = std::min(path.find('/', colon + 1), path.size());
  Pattern pattern{path.substr(0, colon + 1), path.substr(colon + 2, end - colon - 2),
                  path.substr(end)};
  const std::size_t second = pattern.suffix.find("/:");
  if (second == std::string_view::npos) return pattern;
  const Pattern rest = pattern_of(pattern.suffix);
  pattern.middle = rest.prefix;
  pattern.second_name = rest.name;
  pattern.suffix = rest.suffix;
  return pattern;
}

// What the names take of a path that begins and ends as the pattern does; nullopt: it does not fit.
std::optional<std::pair<std::string_view, std::string_view>> take(const Pattern& pattern,
                                                                  std::string_view path) {
  path.remove_prefix(pattern.prefix.size());
  path.remove_suffix(pattern.suffix.size());
  if (pattern.second_name.empty()) return std::pair{path, std::string_view()};
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == path.size()) return std::nullopt;
  const std::string_view first = path.substr(0, slash + 1);
  if (first.size() <= pattern.middle.size() || !first.ends_with(pattern.middle))
    return std::nullopt;
  return std::pair{first.substr(0, first.size() - pattern.middle.size()), path.substr(slash + 1)};
}

// All of `list`'s words, separated by spaces.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t space = std::min(list.find(' '), list.size());
    if (list.substr(0, space) == word) return true;
    list.remove_prefix(std::min(space + 1, list.size()));
  }
  return false;
}

bool fits(const Pattern& pattern, std::string_view path) {
  if (pattern.name.empty()) return path == pattern.prefix;
  return path.size() > pattern.prefix.size() + pattern.suffix.size() &&
         path.starts_with(pattern.prefix) && path.ends_with(pattern.suffix) &&
         take(pattern, path).has_value();
}

// A path without a variable part is the most precise, then what fixes the most before it, then
// behind it.
bool more_precise(const Pattern& a, const Pattern& b) {
  if (a.name.empty() != b.name.empty()) return a.name.empty();
  if (a.prefix.size() != b.prefix.size()) return a.prefix.size() > b.prefix.size();
  return a.suffix.size() > b.suffix.size();
}

struct Entry {
  Pattern pattern;
  std::vector<const Route*> routes;  // of that path, by method
};

// The most precise first.
const std::vector<Entry>& entries() {
  static const std::vector<Entry> sorted = [] {
    std::vector<Entry> out;
    for (const Route& route : routes()) {
      const auto same = std::find_if(out.begin(), out.end(), [&](const Entry& entry) {
        const Pattern pattern = pattern_of(route.path);
        return entry.pattern.prefix == pattern.prefix && entry.pattern.suffix == pattern.suffix &&
               entry.pattern.middle == pattern.middle &&
               entry.pattern.name.empty() == pattern.name.empty();
      });
      if (same != out.end()) {
        same->routes.push_back(&route);
      } else {
        out.push_back({pattern_of(route.path), {&route}});
      }
    }
    std::stable_sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) {
      return more_precise(a.pattern, b.pattern);
    });
    return out;
  }();
  return sorted;
}

}  // namespace

std::string_view capture_name(const Route& route) { return pattern_of(route.path).name; }
std::string_view second_capture_name(const Route& route) {
  return pattern_of(route.path).second_name;
}

std::optional<RouteMatch> find_route(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  for (const Entry& entry : entries()) {
    if (!fits(entry.pattern, path)) continue;
    RouteMatch match;
    for (const Route* route : entry.routes) {
      if (route->methods != "*" && !has_word(route->methods, method)) continue;
      match.route = route;
      const Pattern own = pattern_of(route->path);
      if (const auto taken = take(own, path); taken && !own.name.empty()) {
        match.capture = taken->first;
        match.second_capture = taken->second;
      }
      break;
    }
    return match;
  }
  return std::nullopt;
}

}  // namespace yurt::server
