// Route: one row of the HTTP API: which operation answers a method and path, where the parts of the
// request go, and what of the operation's answer is shown. New operations add rows, not code.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace yurt::server {

// Where a request's body goes.
enum class BodyUse {
  none,      // ignored
  required,  // decoded into the request, or its field `body_field`
  optional,  // the same; may be empty
};

// What the answer looks like.
enum class ReplyForm {
  message,   // the whole answer as JSON
  field,     // its field `answer` alone
  nothing,   // no body
  document,  // a JSON document made elsewhere
  metrics,   // a JSON document, or Prometheus text
  frames,    // a stream of frames, or of raw bytes when ?plain
  raw,       // a stream's bytes
  events,    // a stream of JSON lines
  exec,      // a websocket
  snapshot,  // an archive, with its digest in a header
  fixed,     // `status` and `text`, whatever was asked
};

struct Route {
  std::string_view methods;  // "GET", "PUT POST", "*" = any
  // One part may be ":field": it takes everything that is between what stands before and behind it,
  // slashes too, and goes into that field of the request. "a.b" names a field of a field. A second
  // such part takes one name, without slashes.
  std::string_view path;
  std::string_view operation;
  ReplyForm reply = ReplyForm::message;
  std::string_view answer = {};
  BodyUse body = BodyUse::none;
  std::string_view body_field = {};
  std::string_view preset = {};  // query parameters that always apply, e.g. "follow=false"
  // "<field> <name> <name>…": the parameter among the names that is there is put into the field.
  std::string_view choice = {};
  std::string_view required = {};  // query parameters that must be there, separated by spaces
  // The caller's mistakes are answered with 500, as Nomad's clients know it.
  bool mistakes_are_500 = false;
  std::string_view cors = {};  // methods that any origin may use
  int status = 200;
  std::string_view text = {};
};

[[nodiscard]] std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;  // null: the path is known, the method is not
  std::string capture;           // what the ":field" part took
  std::string second_capture;    // and the second one, if there is one
};
// `path` is decoded. nullopt: no such path.
[[nodiscard]] std::optional<RouteMatch> find_route(std::string_view method, std::string_view path);

// The name of a route's ":field" part; "" when it has none.
[[nodiscard]] std::string_view capture_name(const Route& route);
[[nodiscard]] std::string_view second_capture_name(const Route& route);

}  // namespace yurt::server
