#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/base64.h"
#include "templates/functions.h"

namespace yurt::templates {
namespace {

using Body = Result<Value> (*)(const std::string&);

Function of_string(const char* name, Body body) {
  return {name, 1, 1, [body](const Arguments& arguments, Provider&) -> Result<Value> {
            YURT_ASSIGN(const std::string text, string_argument("it", arguments[0]));
            return body(text);
          }};
}

std::string to_hex(const unsigned char* bytes, unsigned size) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

std::string digest(const EVP_MD* kind, const std::string& text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), bytes, &size, kind, nullptr);
  return to_hex(bytes, size);
}

std::string url_alphabet(std::string text, bool to_url) {
  const std::pair<char, char> pairs[] = {{'+', '-'}, {'/', '_'}};
  for (const auto& [plain, url] : pairs) {
    std::replace(text.begin(), text.end(), to_url ? plain : url, to_url ? url : plain);
  }
  return text;
}

std::string json_text(const Value& value, int indent) {
  return value.dump(indent, ' ', false, Value::error_handler_t::replace);
}

std::string url_query(const std::string& text) {
  static const char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

std::vector<Function> encoding_functions() {
  return {
      of_string("base64Encode",
                [](const std::string& s) -> Result<Value> { return Value(base64_encode(s)); }),
      of_string("base64Decode",
                [](const std::string& s) -> Result<Value> {
                  YURT_ASSIGN(const std::string decoded, base64_decode(s));
                  return Value(decoded);
                }),
      of_string("base64URLEncode",
                [](const std::string& s) -> Result<Value> {
                  return Value(url_alphabet(base64_encode(s), true));
                }),
      of_string("base64URLDecode",
                [](const std::string& s) -> Result<Value> {
                  std::string padded = url_alphabet(s, false);
                  while (padded.size() % 4 != 0) padded += '=';
                  YURT_ASSIGN(const std::string decoded, base64_decode(padded));
                  return Value(decoded);
                }),
      of_string("md5sum",
                [](const std::string& s) -> Result<Value> { return Value(digest(EVP_md5(), s)); }),
      of_string("sha1Hex",
                [](const std::string& s) -> Result<Value> { return Value(digest(EVP_sha1(), s)); }),
      of_string(
          "sha256Hex",
          [](const std::string& s) -> Result<Value> { return Value(digest(EVP_sha256(), s)); }),
      {"hmacSHA256Hex", 2, 2,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         YURT_ASSIGN(const std::string message, string_argument("it", arguments[0]));
         YURT_ASSIGN(const std::string key, string_argument("it", arguments[1]));
         unsigned char bytes[EVP_MAX_MD_SIZE];
         unsigned size = 0;
         HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(message.data()), message.size(), bytes, &size);
         return Value(to_hex(bytes, size));
       }},
      of_string("parseJSON",
                [](const std::string& s) -> Result<Value> {
                  if (s.empty()) return Value(Value::object());
                  Value value = Value::parse(s, nullptr, false);
                  if (value.is_discarded()) {
                    return Error{ErrorCode::invalid_argument, "this is no JSON"};
                  }
                  return value;
                }),
      {"toJSON", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         return Value(json_text(arguments[0], -1));
       }},
      {"toUnescapedJSON", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         return Value(json_text(arguments[0], -1));
       }},
      {"toJSONPretty", 1, 1,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         return Value(json_text(arguments[0], 2));
       }},
      of_string("urlquery",
                [](const std::string& s) -> Result<Value> { return Value(url_query(s)); }),
      of_string("html", [](const std::string& s) -> Result<Value> { return Value(html(s)); }),
      of_string("js",
                [](const std::string& s) -> Result<Value> {
                  const std::string quoted = json_text(Value(s), -1);
                  return Value(quoted.substr(1, quoted.size() - 2));
                }),
  };
}

}  // namespace yurt::templates
