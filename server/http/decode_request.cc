#include <algorithm>

#include "jobspec/json/query.h"
#include "jobspec/json/read.h"
#include "server/http/transcode.h"

namespace yurt::server {
namespace {

using google::protobuf::FieldDescriptor;

Error bad_request(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

Message* mutable_field(Message& message, const std::string& name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
      field->is_repeated()) {
    return nullptr;
  }
  return message.GetReflection()->MutableMessage(&message, field);
}

bool is_blank(std::string_view body) {
  return body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Status read_body(const Route& route, std::string_view body, Message& request) {
  if (route.body == BodyUse::none) return {};
  if (is_blank(body)) {
    if (route.body == BodyUse::optional) return {};
    return bad_request("Request body is empty");
  }
  Message* target = &request;
  if (!route.body_field.empty()) {
    target = mutable_field(request, std::string(route.body_field));
    YURT_ASSERT(target != nullptr);
  }
  return json::read(body, *target);
}

// What Nomad's clients know these mistakes as.
Error query_error(const std::string& name, const Error& error) {
  if (name == "wait") return bad_request("Invalid wait time");
  if (name == "index") return bad_request("Invalid index");
  return bad_request("Invalid value for \"" + name + "\": " + error.message);
}

Status set_parameter(const std::string& name, const std::string& text, Message& request) {
  for (const char* options : {"query", "write"}) {
    Message* holder = mutable_field(request, options);
    if (holder == nullptr) continue;
    const auto set = json::set_from_query(*holder, name, text);
    if (!set) return query_error(name, set.error());
    if (*set) break;
  }
  const auto set = json::set_from_query(request, name, text);
  if (!set) return query_error(name, set.error());
  return {};
}

Status check_required(const Route& route, const Url& url) {
  std::string_view names = route.required;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    const std::string_view name = names.substr(0, end);
    const auto value = url.parameter(name);
    if (!value || value->empty()) return bad_request("must provide " + std::string(name));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return {};
}

// The field of a choice, and which of its names the query has.
void set_choice(const Route& route, const Url& url, Message& request) {
  std::string_view names = route.choice;
  std::string_view field;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    const std::string_view name = names.substr(0, end);
    names.remove_prefix(std::min(end + 1, names.size()));
    if (field.empty()) {
      field = name;
    } else if (url.parameter(name)) {
      const FieldDescriptor* chosen = request.GetDescriptor()->FindFieldByName(std::string(field));
      YURT_ASSERT(chosen != nullptr);
      request.GetReflection()->SetString(&request, chosen, std::string(name));
    }
  }
}

// Puts the path's variable part into its field. A body that already says otherwise is refused; one
// that says nothing is filled in, except where the field is a part of the object handed in.
Status set_capture(const Route& route, std::string name, const std::string& capture,
                   Message& request) {
  if (name.empty()) return {};
  Message* holder = &request;
  const std::size_t dot = name.find('.');
  const bool inside = dot != std::string::npos && route.body == BodyUse::required;
  if (dot != std::string::npos) {
    holder = mutable_field(request, name.substr(0, dot));
    YURT_ASSERT(holder != nullptr);
    name = name.substr(dot + 1);
  }
  const FieldDescriptor* field = holder->GetDescriptor()->FindFieldByName(name);
  YURT_ASSERT(field != nullptr);
  const std::string& given = holder->GetReflection()->GetString(*holder, field);
  if ((inside || !given.empty()) && given != capture) {
    return bad_request((name == "id" || name.ends_with("_id") ? "ID"
                        : name == "path"                      ? "Path"
                                                              : "Name") +
                       std::string(" in the request's body does not match the path: \"") + given +
                       "\" and \"" + capture + "\"");
  }
  holder->GetReflection()->SetString(holder, field, capture);
  return {};
}

}  // namespace

bool is_asked(const Url& url, std::string_view name) {
  const auto value = url.parameter(name);
  if (!value) return false;
  const auto parsed = json::parse_bool(*value);
  return parsed ? *parsed : true;
}

Result<std::unique_ptr<Message>> decode_request(const Operation& operation, const RouteMatch& match,
                                                const Url& url, std::string_view body) {
  const Route& route = *match.route;
  std::unique_ptr<Message> request(operation.request->New());
  YURT_TRY(read_body(route, body, *request));
  YURT_TRY(set_capture(route, std::string(capture_name(route)), match.capture, *request));
  YURT_TRY(
      set_capture(route, std::string(second_capture_name(route)), match.second_capture, *request));
  YURT_TRY(check_required(route, url));
  set_choice(route, url, *request);
  const std::string_view captured = capture_name(route);
  for (const auto& [name, text] : url.parameters) {
    if (name != captured) YURT_TRY(set_parameter(name, text, *request));
  }
  YURT_ASSIGN(const auto preset, parse_query(route.preset));
  for (const auto& [name, text] : preset) {
    const bool required = route.required.find(name) != std::string_view::npos;
    if (!required) YURT_TRY(set_parameter(name, text, *request));
  }
  return request;
}

}  // namespace yurt::server
