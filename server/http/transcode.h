// From an HTTP request to an operation's request message, and from an operation's answer to what
// HTTP shows. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/api/operation.h"
#include "server/http/route.h"
#include "server/http/url.h"

namespace yurt::server {

// The request of `route`'s operation. Every error is the caller's: 400.
[[nodiscard]] Result<std::unique_ptr<Message>> decode_request(const Operation& operation,
                                                              const RouteMatch& match,
                                                              const Url& url,
                                                              std::string_view body);

// Headers that tell what an answer reflects; a member is empty when there is no such header.
struct MetaHeaders {
  std::string index, last_contact, known_leader, next_token;
};

struct HttpReply {
  int status = 200;
  std::string content_type;  // empty: no body
  std::string body;
  bool gzipped = false;
  MetaHeaders meta;
  std::string location;       // of a redirection
  std::string allow_methods;  // answering a preflight request
};

[[nodiscard]] HttpReply encode_reply(const RouteMatch& match, const Url& url,
                                     std::string_view method, const Message& answer);
[[nodiscard]] HttpReply encode_error(const Route& route, const Error& error);
// A plain sentence, as all errors are shown.
[[nodiscard]] HttpReply text_reply(int status, std::string_view text);

// Whether ?name asks for something: present, and not "0" or "false".
[[nodiscard]] bool is_asked(const Url& url, std::string_view name);

}  // namespace yurt::server
