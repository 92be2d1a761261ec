// ExecSocket: an exec session over a websocket, as Nomad's clients speak it. Inside this folder
// only.
//
// Text messages, one JSON object each. In: {"stdin":{"data":…,"close":…}}, {"tty_size":{"height":…,
// "width":…}}, {}. Out: {"stdout":{"data":…}}, {"stderr":…},
// {"exited":true,"result":{"exit_code":…}}. Data is base64. A failure closes the socket with 1011
// (what HTTP answers with 500) or 1008.
#pragma once

#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "server/http/connection.h"

namespace yurt::server {

class ExecSocket {
 public:
  static void start(std::shared_ptr<HttpState> state, Connection::Stream stream, IpSlot slot,
                    std::shared_ptr<const Exchange> exchange,
                    const boost::beast::http::request<boost::beast::http::string_body>& request);
};

}  // namespace yurt::server
