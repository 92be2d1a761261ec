// YAML text as a tree that remembers its lines: what a compose file is read from.
//
// Anchors, aliases and merge keys ("<<") are resolved; a key given twice is an error. Texts count
// as often as they are used, so that a short file can't stand for a huge tree. Values; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yurt::drivers::compose {

struct YamlEntry;

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  int line = 0;        // from 1
  bool plain = false;  // a scalar without quotes: "8080", "true" and "~" may mean more than text
  // A scalar with a variable whose value is only known on the node: passes for anything.
  bool open = false;
  std::string text;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the file's order, keys unique

  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  // The value under `key`; null when there is none. REQUIRES: is_map()
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  int line = 0;
  YamlNode value;
};

struct YamlError {
  int line = 0;
  std::string message;
};

// invalid_argument with "line N: …" is what callers make of it; `error` has the two apart.
[[nodiscard]] bool parse_yaml(std::string_view text, YamlNode& into, YamlError& error);

}  // namespace yurt::drivers::compose
