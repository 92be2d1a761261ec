#include "jobspec/json/write.h"
#include "server/http/transcode.h"

namespace yurt::server {
namespace {

using google::protobuf::FieldDescriptor;

constexpr const char* json_type = "application/json";

MetaHeaders meta_of(std::string_view method, const Message& answer) {
  MetaHeaders out;
  const auto* type = answer.GetDescriptor();
  const FieldDescriptor* field = type->FindFieldByName("query_meta");
  if (field != nullptr && field->message_type() == model::QueryMeta::descriptor()) {
    const auto& meta =
        static_cast<const model::QueryMeta&>(answer.GetReflection()->GetMessage(answer, field));
    out.index = std::to_string(meta.index());
    out.last_contact = std::to_string(meta.last_contact());
    out.known_leader = meta.known_leader() ? "true" : "false";
    out.next_token = meta.next_token();
    return out;
  }
  if (method == "GET" || method == "HEAD") return out;
  const FieldDescriptor* index = type->FindFieldByName("index");
  if (index != nullptr && index->cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
    out.index = std::to_string(answer.GetReflection()->GetUInt64(answer, index));
  }
  return out;
}

// An answer that shows what stands in the way of a change.
bool is_conflict(const Message& answer) {
  const FieldDescriptor* field = answer.GetDescriptor()->FindFieldByName("conflict");
  return field != nullptr && answer.GetReflection()->GetBool(answer, field);
}

int status_of(const Route& route, const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument: return route.mistakes_are_500 ? 500 : 400;
    case ErrorCode::not_found: return route.mistakes_are_500 ? 500 : 404;
    case ErrorCode::permission_denied: return 403;
    case ErrorCode::resource_exhausted: return 429;
    case ErrorCode::unimplemented: return 501;
    case ErrorCode::unavailable: return error.message.starts_with("No path to node") ? 404 : 500;
    default: return 500;
  }
}

}  // namespace

HttpReply text_reply(int status, std::string_view text) {
  HttpReply out;
  out.status = status;
  if (!text.empty()) out.content_type = "text/plain; charset=utf-8";
  out.body = text;
  return out;
}

HttpReply encode_error(const Route& route, const Error& error) {
  HttpReply out = text_reply(status_of(route, error), error.message);
  if (route.reply == ReplyForm::document && error.message.starts_with('{')) {
    out.content_type = json_type;
  }
  return out;
}

HttpReply encode_reply(const RouteMatch& match, const Url& url, std::string_view method,
                       const Message& answer) {
  const Route& route = *match.route;
  HttpReply out;
  out.meta = meta_of(method, answer);
  const auto pretty = url.parameter("pretty");
  const json::WriteStyle style{.pretty = pretty && *pretty != "0"};
  if (is_conflict(answer)) {
    out.status = 409;
  } else if (route.status == 204) {
    out.status = 204;
    return out;
  }
  switch (route.reply) {
    case ReplyForm::message:
      out.body = json::write(answer, style);
      out.content_type = json_type;
      break;
    case ReplyForm::field:
      out.body = json::write_field(answer, route.answer, style);
      out.content_type = json_type;
      break;
    case ReplyForm::document:
    case ReplyForm::metrics: {
      out.body = static_cast<const model::JsonDocument&>(answer).json();
      const bool prometheus =
          route.reply == ReplyForm::metrics && url.parameter("format") == "prometheus";
      out.content_type = prometheus ? "text/plain; version=0.0.4; charset=utf-8" : json_type;
      break;
    }
    default: break;
  }
  if (style.pretty && out.content_type == json_type) out.body.push_back('\n');
  return out;
}

}  // namespace yurt::server
