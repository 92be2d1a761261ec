#include "drivers/compose/yaml/yaml_node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace yurt::drivers::compose {
namespace {

constexpr std::size_t longest_file_bytes = 1 << 20;
constexpr std::size_t most_nodes = 200'000;
constexpr std::size_t deepest_nesting = 64;

// Leaves the parser, which has no other way out than an exception; caught in parse_yaml().
struct Refused {
  std::string reason;
  int line;
};

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

std::size_t size_of(const YamlNode& node) {
  std::size_t size = 1;
  for (const YamlNode& item : node.items) size += size_of(item);
  for (const YamlEntry& entry : node.entries) size += 1 + size_of(entry.value);
  return size;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Refused{"only a single document is allowed", line_of(mark)};
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.line = line_of(mark);
    finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) throw Refused{"an alias inside of what it names", line_of(mark)};
    YamlNode node = named->second;
    spend(size_of(node), line_of(mark));
    node.line = line_of(mark);
    finish(std::move(node), YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    YamlNode node;
    node.line = line_of(mark);
    node.plain = tag == "?" || tag.empty();
    const bool null_word = text == "~" || text == "null" || text == "Null" || text == "NULL";
    if (!node.plain || !(text.empty() || null_word)) {
      node.kind = YamlNode::Kind::scalar;
      node.text = text;
    }
    finish(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, anchor, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map whose end has not come yet.
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    std::string key;
    int key_line = 0;
    bool key_merges = false;
    std::vector<YamlEntry> merged;  // from "<<"; what stands in the map itself goes before
  };

  void spend(std::size_t nodes, int line) {
    spent_ += nodes;
    if (spent_ > most_nodes) throw Refused{"the file would become too large", line};
  }

  void open(YamlNode::Kind kind, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (open_.size() >= deepest_nesting) throw Refused{"nested too deeply", line_of(mark)};
    Open& opened = open_.emplace_back();
    opened.node.kind = kind;
    opened.node.line = line_of(mark);
    opened.anchor = anchor;
  }

  void close() {
    Open ended = std::move(open_.back());
    open_.pop_back();
    for (YamlEntry& entry : ended.merged) {
      if (ended.node.find(entry.key) == nullptr) ended.node.entries.push_back(std::move(entry));
    }
    finish(std::move(ended.node), ended.anchor);
  }

  void finish(YamlNode node, YAML::anchor_t anchor) {
    spend(1, node.line);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& outer = open_.back();
    if (outer.node.is_list()) {
      outer.node.items.push_back(std::move(node));
    } else if (!outer.has_key) {
      if (!node.is_scalar()) throw Refused{"a key must be a text", node.line};
      outer.has_key = true;
      outer.key = node.text;
      outer.key_line = node.line;
      outer.key_merges = node.plain && node.text == "<<";
    } else {
      outer.has_key = false;
      if (outer.key_merges) return merge(std::move(node), outer);
      if (const YamlNode* before = outer.node.find(outer.key); before != nullptr) {
        throw Refused{"the key \"" + outer.key + "\" stands here for the second time",
                      outer.key_line};
      }
      if (node.is_null()) node.line = outer.key_line;  // the parser tells the next one's
      outer.node.entries.push_back({outer.key, outer.key_line, std::move(node)});
    }
  }

  // From one map, or from several, of which the earlier go before the later.
  static void merge(YamlNode from, Open& into) {
    const int line = from.line;
    std::vector<YamlNode> sources;
    if (from.is_list()) {
      sources = std::move(from.items);
    } else {
      sources.push_back(std::move(from));
    }
    for (YamlNode& source : sources) {
      if (!source.is_map()) throw Refused{"a merge key needs a map or a list of maps", line};
      for (YamlEntry& entry : source.entries) {
        const bool there = std::any_of(into.merged.begin(), into.merged.end(),
                                       [&](const YamlEntry& one) { return one.key == entry.key; });
        if (!there) into.merged.push_back(std::move(entry));
      }
    }
  }

  bool started_ = false;
  std::size_t spent_ = 0;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::vector<Open> open_;
  YamlNode root_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

bool parse_yaml(std::string_view text, YamlNode& into, YamlError& error) {
  if (text.size() > longest_file_bytes) {
    error = {1, "the file is longer than " + std::to_string(longest_file_bytes) + " bytes"};
    return false;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    // The second call finds the end or refuses another document.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
    into = builder.take();
    return true;
  } catch (const Refused& refused) {
    error = {refused.line, refused.reason};
  } catch (const YAML::Exception& failure) {
    error = {line_of(failure.mark), "this is no YAML: " + failure.msg};
  }
  return false;
}

}  // namespace yurt::drivers::compose
