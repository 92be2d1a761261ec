#include "server/api/listing.h"

#include <charconv>

namespace yurt::server {

bool has_id_prefix(const Uuid& id, std::string_view prefix) {
  static constexpr char digits[] = "0123456789abcdef";
  std::size_t at = 0;
  for (char c : prefix) {
    if (c == '-') continue;
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (at == 2 * id.bytes.size()) return false;
    const unsigned byte = id.bytes[at / 2];
    if (digits[at % 2 == 0 ? byte >> 4 : byte & 15] != c) return false;
    ++at;
  }
  return true;
}

Result<std::optional<filter::Filter>> parse_filter(const model::QueryOptions& query,
                                                   const google::protobuf::Descriptor& type) {
  if (query.filter().empty()) return std::optional<filter::Filter>();
  auto parsed = filter::Filter::parse(query.filter(), type);
  if (!parsed) {
    return parsed.error()
        .within("failed to read filter expression")
        .within("failed to create result paginator");
  }
  return std::optional<filter::Filter>(std::move(*parsed));
}

Result<IndexedToken> parse_indexed_token(const std::string& token) {
  IndexedToken out;
  const std::size_t dot = token.find('.');
  if (dot == std::string::npos) {
    out.id = token;
    return out;
  }
  const auto [end, error] = std::from_chars(token.data(), token.data() + dot, out.index);
  if (error != std::errc() || end != token.data() + dot) {
    return Error{ErrorCode::invalid_argument, "failed to create result paginator: the token \"" +
                                                  token + "\" is not of the form <index>.<id>"};
  }
  out.id = token.substr(dot + 1);
  return out;
}

}  // namespace yurt::server
