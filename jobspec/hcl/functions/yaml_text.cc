#include "jobspec/hcl/functions/yaml_text.h"

#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<Number> yaml_number(std::string_view text) {
  if (text.starts_with("0x") && all_of(text.substr(2), "0123456789abcdefABCDEF")) {
    return Number::parse_integer(text.substr(2), 16);
  }
  if (text.starts_with("0o") && all_of(text.substr(2), "01234567")) {
    return Number::parse_integer(text.substr(2), 8);
  }
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
    return std::nullopt;
  }
  // ".5" and "5." are numbers in YAML.
  std::string normal(text);
  const std::size_t point = normal.find('.');
  if (point != std::string::npos) {
    const auto is_digit_at = [&](std::size_t i) {
      return i < normal.size() && normal[i] >= '0' && normal[i] <= '9';
    };
    const bool before = point > 0 && is_digit_at(point - 1), after = is_digit_at(point + 1);
    if (!before && !after) return std::nullopt;
    if (!after) normal.insert(point + 1, "0");
    if (!before) normal.insert(point, "0");
  }
  return Number::parse(normal);
}

class YamlWriter {
 public:
  YamlWriter(std::uint64_t limit, std::string& out) : limit_(limit), out_(out) {}

  // The value after a key, a dash or at the start of the document; ends with a line break.
  // `indent` is the column its own lines begin at.
  void write(const Value& value, std::size_t indent, bool after_key) {
    if (too_large()) return;
    if (value.is_sequence() && value.size() > 0) {
      // A sequence under a key starts on a new line, no deeper than the key.
      write_sequence(value, after_key ? indent - 2 : indent, after_key);
    } else if (value.is_mapping() && value.size() > 0) {
      write_mapping(value, indent, after_key);
    } else {
      if (after_key) out_ += ' ';
      write_leaf(value, indent);
      out_ += '\n';
    }
  }

  bool too_large() const { return out_.size() > limit_; }

 private:
  void write_sequence(const Value& value, std::size_t indent, bool on_new_line) {
    if (on_new_line) out_ += '\n';
    bool indented = !on_new_line;
    for (const Value& element : value.elements()) {
      if (!indented) out_.append(indent, ' ');
      indented = false;
      out_ += "- ";
      write(element, indent + 2, false);
    }
  }

  void write_mapping(const Value& value, std::size_t indent, bool on_new_line) {
    if (on_new_line) out_ += '\n';
    bool indented = !on_new_line;
    for (const auto& [key, member] : value.members()) {
      if (!indented) out_.append(indent, ' ');
      indented = false;
      write_quoted(key);
      out_ += ':';
      write(member, indent + 2, true);
    }
  }

  void write_leaf(const Value& value, std::size_t indent) {
    if (value.is_string()) {
      write_string(value.as_string(), indent);
    } else if (value.is_sequence()) {
      out_ += "[]";
    } else if (value.is_mapping()) {
      out_ += "{}";
    } else {
      out_ += to_json(value);
    }
  }

  // A literal block can't hold control characters, nor spaces before a line's end.
  static bool fits_literal(std::string_view text) {
    if (text.find('\n') == std::string_view::npos) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) return false;
      if (byte == ' ' && (i + 1 == text.size() || text[i + 1] == '\n')) return false;
    }
    return text.find_first_not_of('\n') != std::string_view::npos;
  }

  void write_string(const std::string& text, std::size_t indent) {
    if (!fits_literal(text)) return write_quoted(text);
    out_ += '|';
    if (text.starts_with(' ') || text.starts_with('\n')) out_ += '2';
    if (!text.ends_with('\n')) {
      out_ += '-';
    } else if (text.ends_with("\n\n")) {
      out_ += '+';
    }
    std::string_view rest = text;
    if (rest.ends_with('\n')) rest.remove_suffix(1);
    while (true) {
      const std::size_t end = rest.find('\n');
      out_ += '\n';
      if (end != 0 && !rest.empty()) out_.append(std::max<std::size_t>(indent, 2), ' ');
      out_ += rest.substr(0, end);
      if (end == std::string_view::npos) return;
      rest.remove_prefix(end + 1);
    }
  }

  void write_quoted(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    out_ += '"';
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = decode_utf8(text, i);
      switch (c.value) {
        case '"': out_ += "\\\""; break;
        case '\\': out_ += "\\\\"; break;
        case '\n': out_ += "\\n"; break;
        case '\r': out_ += "\\r"; break;
        case '\t': out_ += "\\t"; break;
        default:
          if (c.value < 0x20 || c.value == 0x7F) {
            out_ += "\\x";
            out_ += digits[c.value >> 4U];
            out_ += digits[c.value & 0xFU];
          } else {
            append_utf8(c.value, out_);
          }
      }
      i += c.bytes;
    }
    out_ += '"';
  }

  std::uint64_t limit_;
  std::string& out_;
};

}  // namespace

Value plain_yaml_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return Value::boolean(true);
  if (text == "false" || text == "False" || text == "FALSE") return Value::boolean(false);
  if (const auto number = yaml_number(text)) return Value::number(*number);
  return Value::string(text);
}

bool write_yaml(const Value& value, std::uint64_t limit, std::string& out) {
  YamlWriter writer(limit, out);
  writer.write(value, 0, false);
  return !writer.too_large();
}

}  // namespace yurt::hcl
