// NodeReader: YAML values into plain fields, collecting what is wrong with its line. Values with an
// open variable pass for anything. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/compose/yaml/yaml_node.h"
#include "drivers/docker/config/config_reader.h"

namespace yurt::drivers::compose {

class NodeReader {
 public:
  explicit NodeReader(std::vector<YamlError>& errors) : errors_(errors) {}

  void fail(int line, const std::string& field, const std::string& what) {
    errors_.push_back({line, field + " " + what});
  }
  void fail(const YamlNode& node, const std::string& field, const std::string& what) {
    fail(node.line, field, what);
  }

  // Numbers and booleans are texts as well, as they stand in the file.
  void read(const std::string& field, const YamlNode& node, std::string& into);
  void read(const std::string& field, const YamlNode& node, bool& into);
  void read(const std::string& field, const YamlNode& node, std::int64_t& into);
  void read(const std::string& field, const YamlNode& node, double& into);
  void read(const std::string& field, const YamlNode& node, std::vector<std::string>& into);
  // A map, or a list of "name=value".
  void read(const std::string& field, const YamlNode& node, docker::TextMap& into);

  // "1m30s", "10ms"; a bare 0.
  void read_duration(const std::string& field, const YamlNode& node, std::int64_t& into_ns);
  // "64m", "2gb", a number of bytes.
  void read_bytes(const std::string& field, const YamlNode& node, std::int64_t& into);
  // A text is a list of one.
  void read_one_or_many(const std::string& field, const YamlNode& node,
                        std::vector<std::string>& into);
  // What a shell would make of a text; a list is taken as it is.
  void read_command(const std::string& field, const YamlNode& node, std::vector<std::string>& into);
  // Octal as in YAML ("0440") or decimal.
  void read_mode(const std::string& field, const YamlNode& node, std::int64_t& into);
  // A port of 1 to 65535.
  void read_port(const std::string& field, const YamlNode& node, int& into);
  // One of `choices`, by its place; -1 (and an error) for anything else.
  int read_choice(const std::string& field, const YamlNode& node,
                  std::span<const std::string_view> choices);

  // One key of a map that becomes a T. Known keys without `read` are refused with `refusal`.
  template <typename T>
  struct Key {
    std::string_view name;
    void (*read)(NodeReader&, const std::string& field, const YamlNode&, T&);
    const char* refusal = nullptr;
  };

  // Reads a map by its table of keys; what is not in the table is refused, "x-…" passed over.
  template <typename T>
  void read_map(const std::string& field, const YamlNode& node, std::span<const Key<T>> keys,
                T& into) {
    if (node.open || node.is_null()) return;
    if (!node.is_map()) return fail(node, name_of(field), "must be a map");
    for (const YamlEntry& entry : node.entries) {
      if (entry.key.starts_with("x-")) continue;
      const std::string own = field.empty() ? entry.key : field + "." + entry.key;
      const Key<T>* known = nullptr;
      for (const Key<T>& key : keys) {
        if (key.name == entry.key) known = &key;
      }
      if (known == nullptr) {
        std::vector<std::string_view> names;
        for (const Key<T>& key : keys) {
          if (key.read != nullptr) names.push_back(key.name);
        }
        refuse(entry, own, names);
      } else if (known->read == nullptr) {
        fail(entry.line, own, known->refusal);
      } else if (!entry.value.is_null()) {
        known->read(*this, own, entry.value, into);
      }
    }
  }

  // A list's items with their names "<field>[<n>]"; false, and an error, when it is none.
  template <typename Each>
  void each_item(const std::string& field, const YamlNode& node, Each each) {
    if (node.open) return;
    if (!node.is_list()) return fail(node, field, "must be a list");
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      each(field + "[" + std::to_string(i) + "]", node.items[i]);
    }
  }

 private:
  static std::string name_of(const std::string& field) {
    return field.empty() ? "the file" : field;
  }
  void refuse(const YamlEntry& entry, const std::string& own,
              std::span<const std::string_view> names);

  std::vector<YamlError>& errors_;
};

// Words as a shell reads them: quotes and backslashes, no variables. nullopt: a quote is open.
[[nodiscard]] std::optional<std::vector<std::string>> shell_words(std::string_view text);

// 64m, 2gb, 1.5g, 1024 → bytes.
[[nodiscard]] std::optional<std::int64_t> parse_bytes(std::string_view text);

}  // namespace yurt::drivers::compose
