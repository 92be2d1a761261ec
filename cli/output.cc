#include "cli/output.h"

#include <nlohmann/json.hpp>

#include "jobspec/json/write.h"

namespace yurt::cli {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "<nil>";
  return value.dump();
}

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

class Template {
 public:
  explicit Template(const std::string& text) : text_(text) {}

  // Renders from the current position until {{end}} or the end of the text.
  Status render(const Json& dot, bool nested, std::string& out) {
    while (position_ < text_.size()) {
      const auto open = text_.find("{{", position_);
      out += text_.substr(position_, open - position_);
      if (open == std::string::npos) {
        position_ = text_.size();
        break;
      }
      const auto close = text_.find("}}", open);
      if (close == std::string::npos) {
        return Error{ErrorCode::invalid_argument, "-t: {{ without }}"};
      }
      const std::string action = trim(text_.substr(open + 2, close - open - 2));
      position_ = close + 2;
      if (action == "end") {
        if (nested) return {};
        return Error{ErrorCode::invalid_argument, "-t: {{end}} without {{range}}"};
      }
      YURT_TRY(run(action, dot, out));
    }
    if (nested) return Error{ErrorCode::invalid_argument, "-t: {{range}} without {{end}}"};
    return {};
  }

 private:
  Status run(const std::string& action, const Json& dot, std::string& out) {
    if (action.starts_with("range ")) {
      YURT_ASSIGN(const Json list, look_up(dot, trim(action.substr(6))));
      const std::size_t body = position_;
      if (list.empty()) return render_skipped();
      for (const Json& element : list) {
        position_ = body;
        YURT_TRY(render(element, true, out));
      }
      return {};
    }
    if (action == "println") {
      out += '\n';
      return {};
    }
    if (!action.starts_with('.')) {
      return Error{ErrorCode::invalid_argument,
                   "-t: \"" + action +
                       "\" is not understood; use {{.Field}}, {{range .List}} and "
                       "{{end}}"};
    }
    YURT_ASSIGN(const Json value, look_up(dot, action));
    out += text_of(value);
    return {};
  }

  // Moves past the {{end}} of a range over nothing.
  Status render_skipped() {
    int depth = 1;
    while (depth > 0) {
      const auto open = text_.find("{{", position_);
      const auto close = open == std::string::npos ? open : text_.find("}}", open);
      if (close == std::string::npos) {
        return Error{ErrorCode::invalid_argument, "-t: {{range}} without {{end}}"};
      }
      const std::string action = trim(text_.substr(open + 2, close - open - 2));
      if (action.starts_with("range ")) ++depth;
      if (action == "end") --depth;
      position_ = close + 2;
    }
    return {};
  }

  const std::string& text_;
  std::size_t position_ = 0;
};

Result<std::string> field_list(const Json& value, const std::string& format) {
  const Json rows = value.is_array() ? value : Json::array({value});
  std::string out;
  for (const Json& row : rows) {
    std::string line;
    for (const std::string& field : split(format, ',')) {
      YURT_ASSIGN(const Json cell, look_up(row, trim(field)));
      if (!line.empty()) line += '\t';
      line += text_of(cell);
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
  std::string out;
  YURT_TRY(Template(format).render(value, false, out));
  return out;
}

int print_message(Session& session, const OutputOptions& options,
                  const google::protobuf::Message& message) {
  return print_json(session, options, json::write(message), json::write(message, {.pretty = true}));
}

int print_field(Session& session, const OutputOptions& options,
                const google::protobuf::Message& message, const std::string& field) {
  return print_json(session, options, json::write_field(message, field),
                    json::write_field(message, field, {.pretty = true}));
}

}  // namespace yurt::cli
