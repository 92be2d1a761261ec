#include "server/http/exec_messages.h"

#include <nlohmann/json.hpp>

#include "base/base64.h"

namespace yurt::server {
namespace {

using Json = nlohmann::json;

Error bad_message(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

// The member of that name; null when `object` has none, or is none.
Json member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? Json() : *found;
}

std::int32_t number(const Json& value) { return value.is_number() ? value.get<std::int32_t>() : 0; }

}  // namespace

Result<model::ExecFrame> parse_exec_message(std::string_view text) {
  const Json message = Json::parse(text, nullptr, false);
  if (message.is_discarded() || !message.is_object()) {
    return bad_message("a message of an exec session is a JSON object");
  }
  model::ExecFrame frame;
  const Json input = member(message, "stdin");
  const Json data = member(input, "data");
  if (data.is_string()) {
    YURT_ASSIGN(std::string bytes, base64_decode(data.get_ref<const std::string&>()));
    frame.set_stdin(std::move(bytes));
  }
  const Json close = member(input, "close");
  frame.set_stdin_close(close.is_boolean() && close.get<bool>());
  const Json size = member(message, "tty_size");
  frame.set_tty_height(number(member(size, "height")));
  frame.set_tty_width(number(member(size, "width")));
  return frame;
}

std::vector<std::string> exec_messages(const model::ExecFrame& frame) {
  std::vector<std::string> out;
  if (!frame.stdout().empty()) {
    out.push_back(R"({"stdout":{"data":")" + base64_encode(frame.stdout()) + "\"}}");
  }
  if (!frame.stderr().empty()) {
    out.push_back(R"({"stderr":{"data":")" + base64_encode(frame.stderr()) + "\"}}");
  }
  if (frame.exited()) {
    out.emplace_back(R"({"stdout":{"close":true}})");
    out.emplace_back(R"({"stderr":{"close":true}})");
    out.push_back(R"({"exited":true,"result":{"exit_code":)" + std::to_string(frame.exit_code()) +
                  "}}");
  }
  return out;
}

Result<std::vector<std::string>> parse_exec_command(std::string_view text) {
  const Json command = Json::parse(text, nullptr, false);
  std::vector<std::string> out;
  if (command.is_array()) {
    for (const Json& word : command) {
      if (!word.is_string()) return bad_message("command must be a JSON array of texts");
      out.push_back(word.get<std::string>());
    }
  }
  if (out.empty()) return bad_message("command must be a JSON array of texts, at least one");
  return out;
}

}  // namespace yurt::server
