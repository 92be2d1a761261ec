#include "cli/output.h"

#include <nlohmann/json.hpp>

#include "cli/template_text.h"
#include "jobspec/json/write.h"
#include "proto/job.pb.h"

namespace yurt::cli {
namespace {

using Json = nlohmann::json;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out(1);
  for (char c : text) {
    if (c == separator) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::string trim(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

// The value at a dotted path ("" is `value` itself).
Result<Json> look_up(const Json& value, const std::string& path) {
  Json at = value;
  for (const std::string& name : split(path, '.')) {
    if (name.empty()) continue;
    if (!at.is_object() || !at.contains(name)) {
      return Error{ErrorCode::invalid_argument, "-t: there is no field \"" + name + "\" here"};
    }
    at = Json(at[name]);
  }
  return at;
}

Result<std::string> field_list(const Json& value, const std::string& format) {
  const Json rows = value.is_array() ? value : Json::array({value});
  std::string out;
  for (const Json& row : rows) {
    std::string line;
    for (const std::string& field : split(format, ',')) {
      YURT_ASSIGN(const Json cell, look_up(row, trim(field)));
      if (!line.empty()) line += '\t';
      line += printed(cell);
    }
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

int print_json(Session& session, const OutputOptions& options, const std::string& compact,
               const std::string& pretty) {
  if (options.format.empty()) {
    session.terminal.print(pretty);
    return exit_ok;
  }
  const auto text = format_json(compact, options.format);
  if (!text.ok()) return fail(session, text.error());
  session.terminal.print(*text);
  return exit_ok;
}

}  // namespace

void OutputOptions::add_to(CLI::App& command) {
  command.add_flag("--json", json, "Print the API's JSON");
  command.add_option("-t,--template", format,
                     "Print fields (\"ID,Status\") or a template (\"{{.ID}}\")");
}

Result<std::string> format_json(const std::string& json, const std::string& format) {
  const Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded()) return Error{ErrorCode::internal, "the answer is not JSON"};
  if (format.find("{{") == std::string::npos) return field_list(value, format);
  return render_template(format, value);
}

std::string job_document(const model::Job& job) { return "{\"Job\":" + json::write(job) + "}"; }

int print_message(Session& session, const OutputOptions& options,
                  const google::protobuf::Message& message) {
  return print_json(session, options, json::write(message), json::write(message, {.pretty = true}));
}

int print_document(Session& session, const OutputOptions& options, const std::string& json) {
  return print_json(session, options, json,
                    nlohmann::ordered_json::parse(json, nullptr, false).dump(4));
}

int print_field(Session& session, const OutputOptions& options,
                const google::protobuf::Message& message, const std::string& field) {
  return print_json(session, options, json::write_field(message, field),
                    json::write_field(message, field, {.pretty = true}));
}

}  // namespace yurt::cli
