#include "jobspec/print/literal.h"

#include <algorithm>
#include <map>

#include "jobspec/json/text.h"

namespace yurt::jobspec {
namespace {

using google::protobuf::Value;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_decimal(char c) { return c >= '0' && c <= '9'; }

// Bytes of a reference at the start of `text` that the parser leaves as it is: ${name.name}, whose
// root is none of the file's own. 0 when there is none.
std::size_t reference_length(std::string_view text) {
  if (!text.starts_with("${")) return 0;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return 0;
  std::string_view inside = text.substr(2, end - 2);
  const std::string_view root = inside.substr(0, inside.find('.'));
  for (const std::string_view known : {"var", "local", "true", "false", "null", "for", "if"}) {
    if (root == known) return 0;
  }
  while (true) {
    const std::size_t dot = inside.find('.');
    if (!is_identifier(inside.substr(0, dot))) return 0;
    if (dot == std::string_view::npos) return end + 1;
    inside.remove_prefix(dot + 1);
  }
}

// `text` with ${ and %{ doubled unless they are references; `escape` renders all other characters.
template <typename Escape>
void append_template(std::string_view text, std::string& out, const Escape& escape) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::string_view rest = text.substr(i);
    if (const std::size_t length = reference_length(rest);
        length > 0 && (i == 0 || text[i - 1] != '$')) {
      out += rest.substr(0, length);
      i += length;
    } else if (rest.starts_with("${") || rest.starts_with("%{")) {
      out += rest[0];
      out += rest.substr(0, 2);
      i += 2;
    } else {
      escape(text[i++]);
    }
  }
}

void append_escape(char c, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += digits[byte >> 4];
  out += digits[byte & 0xFU];
}

bool fits_heredoc(std::string_view text) {
  if (!text.ends_with('\n') || text.find('\n') == text.size() - 1) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') return false;
  }
  // The end of a heredoc may be indented: no line may be the marker alone.
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line == "EOT") return false;
  }
  return true;
}

}  // namespace

bool is_identifier(std::string_view name) {
  if (name.empty() || !is_letter(name[0])) return false;
  for (const char c : name) {
    if (!is_letter(c) && !is_decimal(c) && c != '-') return false;
  }
  return true;
}

std::string string_literal(std::string_view text) {
  std::string out = "\"";
  append_template(text, out, [&](char c) {
    switch (c) {
      case '"': out += "\\\""; return;
      case '\\': out += "\\\\"; return;
      case '\n': out += "\\n"; return;
      case '\r': out += "\\r"; return;
      case '\t': out += "\\t"; return;
      default: break;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      append_escape(c, out);
    } else {
      out += c;
    }
  });
  return out + "\"";
}

std::string text_literal(std::string_view text) {
  if (!fits_heredoc(text)) return string_literal(text);
  std::string out = "<<EOT\n";
  append_template(text, out, [&](char c) { out += c; });
  return out + "EOT";
}

std::string value_literal(const Value& value, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  switch (value.kind_case()) {
    case Value::kBoolValue: return value.bool_value() ? "true" : "false";
    case Value::kStringValue: return string_literal(value.string_value());
    case Value::kNumberValue: {
      std::string out;
      json::append_double(value.number_value(), out);
      return out;
    }
    case Value::kListValue: {
      std::string out = "[";
      for (const Value& element : value.list_value().values()) {
        out += (out.size() > 1 ? ", " : "") + value_literal(element, indent);
      }
      return out + "]";
    }
    case Value::kStructValue: {
      const auto& fields = value.struct_value().fields();
      std::map<std::string, const Value*> sorted;
      for (const auto& [key, member] : fields) sorted.emplace(key, &member);
      if (sorted.empty()) return "{}";
      std::string out = "{\n";
      for (const auto& [key, member] : sorted) {
        out +=
            margin + "  " + string_literal(key) + " = " + value_literal(*member, indent + 2) + "\n";
      }
      return out + margin + "}";
    }
    case Value::kNullValue:
    case Value::KIND_NOT_SET: break;
  }
  return "null";
}

}  // namespace yurt::jobspec
