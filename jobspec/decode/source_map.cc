#include "jobspec/decode/source_map.h"

#include <utility>
#include <vector>

namespace yurt::jobspec {
namespace {

bool is_beneath(std::string_view path, std::string_view ancestor) {
  if (!path.starts_with(ancestor)) return false;
  return path.size() == ancestor.size() || path[ancestor.size()] == '.' ||
         path[ancestor.size()] == '[';
}

}  // namespace

void SourceMap::set(std::string path, hcl::Range range) {
  ranges_.insert_or_assign(std::move(path), std::move(range));
}

hcl::Range SourceMap::find(std::string_view path) const {
  while (true) {
    if (const auto found = ranges_.find(path); found != ranges_.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string_view::npos) break;
    path = path.substr(0, cut);
  }
  const auto job = ranges_.find("");
  return job == ranges_.end() ? hcl::Range{} : job->second;
}

void SourceMap::move(const std::string& from, const std::string& to) {
  std::vector<std::pair<std::string, hcl::Range>> moved;
  auto it = ranges_.lower_bound(from);
  while (it != ranges_.end() && it->first.starts_with(from)) {
    if (!is_beneath(it->first, from)) {
      ++it;
      continue;
    }
    moved.emplace_back(to + it->first.substr(from.size()), std::move(it->second));
    it = ranges_.erase(it);
  }
  for (auto& [path, range] : moved) ranges_.insert_or_assign(std::move(path), std::move(range));
}

std::string path_of(const std::string& parent, std::string_view field) {
  std::string path = parent;
  if (!path.empty()) path += '.';
  path += field;
  return path;
}

std::string path_of(const std::string& parent, std::string_view field, int index) {
  return path_of(parent, field) + "[" + std::to_string(index) + "]";
}

}  // namespace yurt::jobspec
