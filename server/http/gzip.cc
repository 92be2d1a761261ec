#include "server/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>

#include "base/assert.h"

namespace yurt::server {

bool accepts_gzip(std::string_view header) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    std::string_view item = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    const std::string_view name = item.substr(0, item.find_first_of("; \t"));
    if (name != "gzip" && name != "*") continue;
    const std::size_t quality = item.find("q=");
    if (quality == std::string_view::npos) return true;
    return std::strtod(std::string(item.substr(quality + 2)).c_str(), nullptr) > 0;
  }
  return false;
}

std::string gzip(std::string_view data) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;  // the largest window, with gzip's header
  int status = deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
  YURT_ASSERT(status == Z_OK);
  std::string out;
  out.resize(deflateBound(&stream, data.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  status = deflate(&stream, Z_FINISH);
  YURT_ASSERT(status == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace yurt::server
