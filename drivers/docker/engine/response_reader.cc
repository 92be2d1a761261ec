#include "drivers/docker/engine/response_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace yurt::drivers::docker {
namespace http = boost::beast::http;

struct ResponseReader::Impl {
  Impl() {
    parser.body_limit(boost::none);
    parser.header_limit(64 * 1024);
    parser.eager(true);
  }

  http::response_parser<http::string_body> parser;
  std::string pending;  // received, not yet understood
};

ResponseReader::ResponseReader() : impl_(std::make_unique<Impl>()) {}
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader& ResponseReader::operator=(ResponseReader&&) noexcept = default;
ResponseReader::~ResponseReader() = default;

Status ResponseReader::feed(std::string_view bytes) {
  impl_->pending.append(bytes);
  auto& parser = impl_->parser;
  while (!impl_->pending.empty() && !parser.is_done()) {
    boost::system::error_code error;
    const std::size_t used =
        parser.put(boost::asio::const_buffer(impl_->pending.data(), impl_->pending.size()), error);
    impl_->pending.erase(0, used);
    if (error == http::error::need_more) return {};
    if (error) {
      return Error{ErrorCode::corrupt, "the answer is no HTTP: " + error.message()};
    }
    // Nothing follows the head of a switched connection that HTTP could explain.
    if (parser.is_header_done() && parser.get().result_int() == 101) return {};
    if (used == 0) return {};
  }
  return {};
}

Status ResponseReader::feed_end() {
  boost::system::error_code error;
  if (!impl_->parser.is_done()) impl_->parser.put_eof(error);
  if (error || !impl_->parser.is_done()) {
    return Error{ErrorCode::unavailable, "the connection was closed in the middle of an answer"};
  }
  return {};
}

bool ResponseReader::head_done() const { return impl_->parser.is_header_done(); }
int ResponseReader::status() const { return static_cast<int>(impl_->parser.get().result_int()); }
bool ResponseReader::done() const { return impl_->parser.is_done(); }

std::string ResponseReader::take_body() {
  return std::exchange(impl_->parser.get().body(), std::string());
}

std::string ResponseReader::take_rest() { return std::exchange(impl_->pending, std::string()); }

}  // namespace yurt::drivers::docker
