#include "server/http/url.h"

#include <algorithm>

namespace yurt::server {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Error{ErrorCode::invalid_argument,
                     "invalid URL escape \"" + std::string(text.substr(i, 3)) + "\""};
      }
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

std::optional<std::string_view> Url::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<QueryParameters> parse_query(std::string_view query) {
  QueryParameters out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    YURT_ASSIGN(std::string key, decode(pair.substr(0, equals), true));
    YURT_ASSIGN(std::string value, decode(pair.substr(std::min(equals + 1, pair.size())), true));
    out.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

Result<Url> parse_url(std::string_view target) {
  Url out;
  const std::size_t mark = std::min(target.find('?'), target.size());
  YURT_ASSIGN(out.path, decode(target.substr(0, mark), false));
  out.query = target.substr(std::min(mark + 1, target.size()));
  YURT_ASSIGN(out.parameters, parse_query(out.query));
  return out;
}

}  // namespace yurt::server
