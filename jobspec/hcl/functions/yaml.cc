// yamldecode (YAML 1.2 core types through yaml-cpp) and yamlencode (go-cty-yaml's layout).
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>
#include <sstream>

#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/functions/yaml_text.h"
#include "jobspec/hcl/parse.h"

namespace yurt::hcl {
namespace {

constexpr std::size_t longest_document_bytes = 1 << 20;
// Reading a part takes far longer than making a value of it.
constexpr std::uint64_t part_cost = 512;

// Leaves the parser, which has no other way out than an exception; caught in decode_yaml().
struct Refused {
  std::string reason;
  YAML::Mark mark;
};

// Makes a value of the parser's events. Aliases share what they name, and count as often as they
// are used, so that a short text can't stand for a huge value.
class YamlBuilder final : public YAML::EventHandler {
 public:
  explicit YamlBuilder(std::uint64_t limit) : limit_(limit) {}

  Value take() { return std::move(result_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Refused{"only a single document is allowed", mark};
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    spend(part_cost, mark);
    finish(Value(), anchor, false, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = anchors_.find(anchor);
    if (named == anchors_.end()) throw Refused{"an alias inside of what it names", mark};
    spend(part_cost + named->second.weight(), mark);
    finish(named->second, YAML::NullAnchor, false, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    spend(part_cost + text.size(), mark);
    finish(scalar(tag, text, mark), anchor, tag == "?" && text == "<<", mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(false, anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(true, anchor, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  // A sequence or mapping whose end has not come yet.
  struct Open {
    bool is_map = false;
    YAML::anchor_t anchor = YAML::NullAnchor;
    YAML::Mark mark;
    Value::Elements elements;
    Value::Members members;
    Value::Members merged;  // from "<<"; what stands in the mapping itself goes before
    std::optional<std::string> key;
    bool key_merges = false;
  };

  void spend(std::uint64_t amount, const YAML::Mark& mark) {
    spent_ += amount;
    if (spent_ > limit_) throw Refused{"the result would be too large", mark};
  }

  static Value scalar(const std::string& tag, const std::string& text, const YAML::Mark& mark) {
    if (tag == "?" || tag.empty()) return plain_yaml_scalar(text);
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return Value::string(text);
    if (tag == "tag:yaml.org,2002:null") return {};
    Type type;
    if (tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float") type = Type::number();
    if (tag == "tag:yaml.org,2002:bool") type = Type::boolean();
    if (type.kind() == Type::Kind::any) throw Refused{"unsupported tag \"" + tag + "\"", mark};
    auto converted = convert(plain_yaml_scalar(text), type);
    if (!std::holds_alternative<Value>(converted)) {
      throw Refused{"cannot parse \"" + text + "\" as tag \"" + tag + "\"", mark};
    }
    return std::get<Value>(converted);
  }

  void open(bool is_map, YAML::anchor_t anchor, const YAML::Mark& mark) {
    spend(part_cost, mark);
    if (open_.size() >= max_nesting) throw Refused{"nested too deeply", mark};
    open_.push_back({is_map, anchor, mark, {}, {}, {}, {}, false});
  }

  void close() {
    Open ended = std::move(open_.back());
    open_.pop_back();
    ended.members.merge(ended.merged);
    finish(ended.is_map ? Value::object(std::move(ended.members))
                        : Value::tuple(std::move(ended.elements)),
           ended.anchor, false, ended.mark);
  }

  void finish(Value value, YAML::anchor_t anchor, bool is_merge_mark, const YAML::Mark& mark) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (open_.empty()) {
      result_ = std::move(value);
      return;
    }
    Open& outer = open_.back();
    if (!outer.is_map) {
      outer.elements.push_back(std::move(value));
    } else if (!outer.key) {
      outer.key_merges = is_merge_mark;
      outer.key = key_text(value, mark);
    } else {
      if (outer.key_merges) {
        merge(value, outer.merged, mark);
      } else {
        outer.members.insert_or_assign(*outer.key, std::move(value));
      }
      outer.key.reset();
    }
  }

  static std::string key_text(const Value& value, const YAML::Mark& mark) {
    auto text = convert(value, Type::string());
    const auto* key = std::get_if<Value>(&text);
    if (key == nullptr || key->is_null()) throw Refused{"mapping keys must be strings", mark};
    return key->as_string();
  }

  // From one mapping, or from the first of several that has a member.
  static void merge(const Value& from, Value::Members& merged, const YAML::Mark& mark) {
    if (from.is_mapping()) {
      merged.insert(from.members().begin(), from.members().end());
      return;
    }
    const bool list = from.is_sequence();
    for (const Value& element : list ? from.elements() : Value::Elements{Value()}) {
      if (!element.is_mapping()) {
        throw Refused{"a merge key needs a mapping or a list of them", mark};
      }
      merged.insert(element.members().begin(), element.members().end());
    }
  }

  std::uint64_t limit_;
  std::uint64_t spent_ = 0;
  bool started_ = false;
  std::map<YAML::anchor_t, Value> anchors_;
  std::vector<Open> open_;
  Value result_;
};

CallError at(const YAML::Mark& mark, const std::string& reason) {
  return call_error("on line " + std::to_string(mark.line + 1) + ", column " +
                        std::to_string(mark.column + 1) + ": " + reason,
                    0);
}

CallResult decode_yaml(Arguments arguments, std::uint64_t limit) {
  const std::string& text = arguments[0].as_string();
  if (text.size() > longest_document_bytes) {
    return call_error(
        "documents can have at most " + std::to_string(longest_document_bytes) + " bytes", 0);
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    YamlBuilder builder(limit);
    // The second call finds the end or refuses another document; malformed text makes the parser
    // start documents for ever.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
    return builder.take();
  } catch (const Refused& refused) {
    return at(refused.mark, refused.reason);
  } catch (const YAML::Exception& error) {
    return at(error.mark, error.msg);
  }
}

CallResult encode(Arguments arguments, std::uint64_t limit) {
  std::string out;
  if (!write_yaml(arguments[0], limit, out)) return too_large();
  return Value::string(std::move(out));
}

}  // namespace

void add_yaml_functions(FunctionTable& table) {
  table["yamldecode"] = {{string_parameter("src")}, {}, decode_yaml};
  table["yamlencode"] = {{nullable_parameter("value")}, {}, encode};
}

}  // namespace yurt::hcl
