#include "jobspec/hcl/json_syntax.h"

#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

class JsonParser {
 public:
  JsonParser(SourcePtr source, Diagnostics& diagnostics)
      : source_(std::move(source)), text_(source_->text()), diagnostics_(diagnostics) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  bool parse_whole(JsonNode& root) {
    if (!parse_value(root)) return false;
    skip_space();
    return at_ == text_.size() || fail("Expected the end of the text after the JSON value");
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  Range range_from(std::size_t begin) const {
    return {source_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
  }

  bool fail(const std::string& message) {
    const std::size_t length = at_ < text_.size() ? decode_utf8(text_, at_).bytes : 0;
    const std::string found = at_ >= text_.size() ? ", found the end of the text." : ".";
    diagnostics_.error(
        "Invalid JSON", message + found,
        {source_, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(at_ + length)});
    return false;
  }

  bool parse_value(JsonNode& node) {
    skip_space();
    const std::size_t begin = at_;
    bool ok = false;
    switch (peek()) {
      case '{': ok = parse_object(node); break;
      case '[': ok = parse_array(node); break;
      case '"': ok = parse_string(node); break;
      case 't': ok = parse_word("true", JsonNode::Kind::boolean, true, node); break;
      case 'f': ok = parse_word("false", JsonNode::Kind::boolean, false, node); break;
      case 'n': ok = parse_word("null", JsonNode::Kind::null, false, node); break;
      default: ok = parse_number(node);
    }
    node.range = range_from(begin);
    return ok;
  }

  bool parse_word(std::string_view word, JsonNode::Kind kind, bool value, JsonNode& node) {
    if (!text_.substr(at_).starts_with(word)) return fail("Expected a JSON value");
    at_ += word.size();
    node.kind = kind;
    node.boolean = value;
    return true;
  }

  std::size_t digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - begin;
  }

  bool parse_number(JsonNode& node) {
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    const std::size_t whole = at_;
    if (digits() == 0) return fail("Expected a JSON value");
    if (text_[whole] == '0' && at_ - whole > 1) return fail("Expected no zero before a number");
    if (peek() == '.') {
      ++at_;
      if (digits() == 0) return fail("Expected digits after the decimal point");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (digits() == 0) return fail("Expected digits in the exponent");
    }
    node.kind = JsonNode::Kind::number;
    node.text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool parse_hex4(char32_t& value) {
    value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek(), lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<char32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
      } else {
        return fail("Expected four hexadecimal digits after \\u");
      }
    }
    return true;
  }

  bool parse_escape(std::string& out) {
    ++at_;  // backslash
    const char c = peek();
    static constexpr std::string_view selectors = "\"\\/bfnrt", results = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = selectors.find(c); c != '\0' && i != std::string_view::npos) {
      out += results[i];
      ++at_;
      return true;
    }
    if (c != 'u') return fail("Expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uNNNN");
    ++at_;
    char32_t code_point = 0;
    if (!parse_hex4(code_point)) return false;
    if (code_point >= 0xD800 && code_point <= 0xDBFF && text_.substr(at_).starts_with("\\u")) {
      const std::size_t before = at_;
      char32_t low = 0;
      at_ += 2;
      if (!parse_hex4(low)) return false;
      if (low >= 0xDC00 && low <= 0xDFFF) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
      } else {
        at_ = before;
      }
    }
    append_utf8(code_point, out);
    return true;
  }

  bool parse_string(JsonNode& node) {
    if (peek() != '"') return fail("Expected a quoted string");
    const std::size_t begin = at_;
    ++at_;
    node.kind = JsonNode::Kind::string;
    node.verbatim = true;
    while (peek() != '"' || at_ >= text_.size()) {
      if (at_ >= text_.size()) return fail("Expected a closing quote");
      if (peek() == '\\') {
        node.verbatim = false;
        if (!parse_escape(node.text)) return false;
        continue;
      }
      const CodePoint c = decode_utf8(text_, at_);
      if (!c.valid) return fail("Expected UTF-8 text");
      if (c.value < 0x20) return fail("Expected an escape such as \\n in place of this character");
      node.text += text_.substr(at_, c.bytes);
      at_ += c.bytes;
    }
    ++at_;
    node.range = range_from(begin);
    return true;
  }

  // One more level of nesting; undone by leave().
  bool enter() {
    if (depth_ >= max_nesting) {
      return fail("Nested too deeply: expected at most " + std::to_string(max_nesting) + " levels");
    }
    ++depth_;
    ++at_;
    skip_space();
    return true;
  }
  bool leave() {
    ++at_;
    --depth_;
    return true;
  }

  bool parse_array(JsonNode& node) {
    node.kind = JsonNode::Kind::array;
    if (!enter()) return false;
    if (peek() == ']') return leave();
    while (true) {
      node.elements.emplace_back();
      if (!parse_value(node.elements.back())) return false;
      skip_space();
      if (peek() == ']') return leave();
      if (peek() != ',') return fail("Expected \",\" or \"]\" after an array element");
      ++at_;
    }
  }

  bool parse_object(JsonNode& node) {
    node.kind = JsonNode::Kind::object;
    if (!enter()) return false;
    if (peek() == '}') return leave();
    while (true) {
      skip_space();
      node.members.emplace_back();
      if (!parse_string(node.members.back().name)) return false;
      skip_space();
      if (peek() != ':') return fail("Expected \":\" after a property name");
      ++at_;
      if (!parse_value(node.members.back().value)) return false;
      skip_space();
      if (peek() == '}') return leave();
      if (peek() != ',') return fail("Expected \",\" or \"}\" after a property");
      ++at_;
    }
  }

  SourcePtr source_;
  std::string_view text_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  std::uint32_t depth_ = 0;
};

}  // namespace

bool parse_json(const SourcePtr& source, JsonNode& root, Diagnostics& diagnostics) {
  return JsonParser(source, diagnostics).parse_whole(root);
}

bool to_value(const JsonNode& node, Value& value, std::string& problem) {
  switch (node.kind) {
    case JsonNode::Kind::null: value = Value(); return true;
    case JsonNode::Kind::boolean: value = Value::boolean(node.boolean); return true;
    case JsonNode::Kind::string: value = Value::string(node.text); return true;
    case JsonNode::Kind::number: {
      const auto number = Number::parse(node.text);
      if (!number) problem = "the number " + node.text.substr(0, 40) + " is out of range";
      if (number) value = Value::number(*number);
      return number.has_value();
    }
    case JsonNode::Kind::array: {
      Value::Elements elements(node.elements.size());
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (!to_value(node.elements[i], elements[i], problem)) return false;
      }
      value = Value::tuple(std::move(elements));
      return true;
    }
    case JsonNode::Kind::object: {
      Value::Members members;
      for (const JsonMember& member : node.members) {
        if (!to_value(member.value, members[member.name.text], problem)) return false;
      }
      value = Value::object(std::move(members));
      return true;
    }
  }
  return false;
}

}  // namespace yurt::hcl
