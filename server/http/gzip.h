// Compression of replies. Pure.
#pragma once

#include <string>
#include <string_view>

namespace yurt::server {

// Shorter bodies are not worth it.
inline constexpr std::size_t min_gzip_bytes = 1024;

// Whether an Accept-Encoding header allows gzip ("gzip;q=0" does not).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);
// RFC 1952.
[[nodiscard]] std::string gzip(std::string_view data);

}  // namespace yurt::server
