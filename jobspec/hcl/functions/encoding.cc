// base64decode base64encode jsondecode jsonencode urlencode
#include "base/base64.h"
#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/json_syntax.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

CallResult decode_base64(Arguments arguments, std::uint64_t) {
  auto bytes = base64_decode(arguments[0].as_string());
  if (!bytes.ok()) return call_error("failed to decode base64 data: " + bytes.error().message, 0);
  if (!is_valid_utf8(*bytes)) {
    return call_error("the result of decoding the provided string is not valid UTF-8", 0);
  }
  return Value::string(std::move(*bytes));
}

CallResult decode_json(Arguments arguments, std::uint64_t limit) {
  const std::string& text = arguments[0].as_string();
  // Each byte can make a value of its own.
  if (text.size() * 32 > limit) return too_large();
  const SourcePtr source = make_source("", text);
  JsonNode root;
  Diagnostics diagnostics;
  if (!parse_json(source, root, diagnostics)) {
    const Diagnostic& first = diagnostics.list().front();
    const Position place = first.subject.start();
    return call_error("invalid JSON at line " + std::to_string(place.line) + ", column " +
                          std::to_string(place.column) + ": " +
                          first.detail.substr(0, first.detail.size() - 1),
                      0);
  }
  Value value;
  std::string problem;
  if (!to_value(root, value, problem)) return call_error(problem, 0);
  return value;
}

CallResult encode_json(Arguments arguments, std::uint64_t limit) {
  if (arguments[0].weight() > limit) return too_large();
  return Value::string(to_json(arguments[0]));
}

// As a query string has it: unreserved characters stay, spaces become "+".
std::string url_encode(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '_' || c == '.' || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 0xFU];
    }
  }
  return out;
}

}  // namespace

void add_encoding_functions(FunctionTable& table) {
  table["base64decode"] = {{string_parameter("str")}, {}, decode_base64};
  table["base64encode"] = {
      {string_parameter("str")}, {}, [](Arguments arguments, std::uint64_t) {
        return CallResult(Value::string(base64_encode(arguments[0].as_string())));
      }};
  table["jsondecode"] = {{string_parameter("str")}, {}, decode_json};
  table["jsonencode"] = {{nullable_parameter("val")}, {}, encode_json};
  table["urlencode"] = {{string_parameter("str")}, {}, [](Arguments arguments, std::uint64_t) {
                          return CallResult(Value::string(url_encode(arguments[0].as_string())));
                        }};
}

}  // namespace yurt::hcl
