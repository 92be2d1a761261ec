// Value → JSON text, byte for byte as Go's encoding/json writes it.
#include "jobspec/hcl/unicode.h"
#include "jobspec/hcl/value.h"

namespace yurt::hcl {
namespace {

void append_escape(char32_t code_point, std::string& out) {
  constexpr char digits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(code_point >> shift) & 0xFU];
}

void append_string(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    switch (c.value) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (c.value < 0x20 || c.value == '<' || c.value == '>' || c.value == '&' ||
            c.value == 0x2028 || c.value == 0x2029) {
          append_escape(c.value, out);
        } else {
          append_utf8(c.value, out);
        }
    }
    i += c.bytes;
  }
  out += '"';
}

void append_value(const Value& value, std::string& out) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_boolean()) {
    out += value.as_boolean() ? "true" : "false";
  } else if (value.is_number()) {
    out += value.as_number().to_string();
  } else if (value.is_string()) {
    append_string(value.as_string(), out);
  } else if (value.is_sequence()) {
    out += '[';
    bool first = true;
    for (const Value& element : value.elements()) {
      if (!first) out += ',';
      first = false;
      append_value(element, out);
    }
    out += ']';
  } else {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : value.members()) {
      if (!first) out += ',';
      first = false;
      append_string(key, out);
      out += ':';
      append_value(member, out);
    }
    out += '}';
  }
}

}  // namespace

std::string to_json(const Value& value) {
  std::string out;
  append_value(value, out);
  return out;
}

}  // namespace yurt::hcl
