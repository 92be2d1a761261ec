#include "cli/template_text.h"

#include <map>

#include "cli/template_tree.h"

namespace yurt::cli {
namespace {

using Json = nlohmann::json;
using tmpl::Expression;
using tmpl::Node;

Error unusable(const std::string& why) { return {ErrorCode::invalid_argument, "-t: " + why}; }

bool is_true(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.is_null() && !value.empty();
}

Result<Json> field_of(const Json& value, const std::string& name) {
  if (value.is_object() && value.contains(name)) return value[name];
  std::string known;
  if (value.is_object()) {
    for (const auto& [key, field] : value.items()) known += (known.empty() ? "" : ", ") + key;
  }
  return unusable("there is no field \"" + name + "\" here" +
                  (known.empty() ? "" : "; there are " + known));
}

Result<Json> element_of(const Json& value, const Json& at) {
  if (value.is_array() && at.is_number_integer()) {
    const auto position = at.get<std::int64_t>();
    if (position >= 0 && position < static_cast<std::int64_t>(value.size())) {
      return value[static_cast<std::size_t>(position)];
    }
    return unusable("index " + at.dump() + " is beyond a list of " + std::to_string(value.size()));
  }
  if (value.is_object() && at.is_string()) return value.value(at.get<std::string>(), Json());
  return unusable("index takes a list and a number, or a map and a name");
}

// printf with Go's verbs as far as JSON has use for them.
Result<std::string> formatted(const std::vector<Json>& arguments) {
  if (arguments.empty() || !arguments[0].is_string()) return unusable("printf needs a format");
  const std::string& format = arguments[0].get_ref<const std::string&>();
  std::string out;
  std::size_t next = 1;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    std::string spec;
    while (++i < format.size() &&
           std::string_view("-+0123456789. ").find(format[i]) != std::string_view::npos) {
      spec += format[i];
    }
    if (i == format.size()) return unusable("the format of printf ends within a %");
    if (format[i] == '%') {
      out += '%';
      continue;
    }
    if (next == arguments.size()) return unusable("printf has too few arguments for its format");
    const Json& argument = arguments[next++];
    std::string text = format[i] == 'q' ? argument.dump() : printed(argument);
    const auto dot = spec.find('.');
    if (dot != std::string::npos && format[i] == 's') {
      text.resize(
          std::min<std::size_t>(text.size(), std::strtoul(spec.c_str() + dot + 1, nullptr, 10)));
    }
    const bool left = spec.starts_with('-');
    const auto width = std::strtoul(spec.c_str() + (left ? 1 : 0), nullptr, 10);
    const std::string padding(text.size() < width ? width - text.size() : 0, ' ');
    out += left ? text + padding : padding + text;
  }
  return out;
}

class Evaluation {
 public:
  Status run(const tmpl::Nodes& nodes, const Json& dot) {
    for (const Node& node : nodes) YURT_TRY(run(node, dot));
    return {};
  }
  void set(const std::string& variable, Json value) { variables_[variable] = std::move(value); }
  [[nodiscard]] std::string& out() { return out_; }

 private:
  Status run(const Node& node, const Json& dot) {
    if (node.kind == Node::Kind::text) {
      out_ += node.text;
      return {};
    }
    YURT_ASSIGN(const Json value, value_of(*node.value, dot));
    switch (node.kind) {
      case Node::Kind::text: return {};
      case Node::Kind::print: out_ += printed(value); return {};
      case Node::Kind::assign: variables_[node.text] = value; return {};
      case Node::Kind::if_: return run(is_true(value) ? node.body : node.otherwise, dot);
      case Node::Kind::with:
        if (!is_true(value)) return run(node.otherwise, dot);
        if (!node.text.empty()) variables_[node.text] = value;
        return run(node.body, value);
      case Node::Kind::range: return range(node, value, dot);
    }
    return {};
  }

  Status range(const Node& node, const Json& value, const Json& dot) {
    if (!value.is_structured() && !value.is_null()) {
      return unusable("range needs a list or a map, not " + value.dump());
    }
    if (value.empty()) return run(node.otherwise, dot);
    std::size_t position = 0;
    for (const auto& [key, element] : value.items()) {
      if (!node.key.empty()) {
        variables_[node.key] = value.is_array() ? Json(position) : Json(key);
      }
      if (!node.text.empty()) variables_[node.text] = element;
      YURT_TRY(run(node.body, element));
      ++position;
    }
    return {};
  }

  Result<Json> value_of(const Expression& expression, const Json& dot) {
    Json value;
    switch (expression.kind) {
      case Expression::Kind::dot: value = dot; break;
      case Expression::Kind::literal: value = expression.literal; break;
      case Expression::Kind::variable: {
        const auto found = variables_.find(expression.name);
        if (found == variables_.end()) return unusable("there is no variable $" + expression.name);
        value = found->second;
        break;
      }
      case Expression::Kind::call: {
        YURT_ASSIGN(value, call(expression, dot));
        break;
      }
    }
    for (const std::string& field : expression.fields) {
      YURT_ASSIGN(value, field_of(value, field));
    }
    return value;
  }

  Result<Json> call(const Expression& expression, const Json& dot) {
    const std::string& name = expression.name;
    std::vector<Json> arguments;
    for (const auto& argument : expression.arguments) {
      YURT_ASSIGN(Json value, value_of(*argument, dot));
      arguments.push_back(std::move(value));
      // The rest is not looked at, as in Go.
      if (name == "and" && !is_true(arguments.back())) return arguments.back();
      if (name == "or" && is_true(arguments.back())) return arguments.back();
    }
    if (name == "print" || name == "println") return Json(print(arguments, name == "println"));
    if (name == "printf") {
      YURT_ASSIGN(std::string text, formatted(arguments));
      return Json(std::move(text));
    }
    const auto count = arguments.size();
    if ((name == "and" || name == "or") && count > 0) return arguments.back();
    if (name == "not" && count == 1) return Json(!is_true(arguments[0]));
    if (name == "len" && count == 1) {
      return Json(arguments[0].is_string() ? arguments[0].get_ref<const std::string&>().size()
                                           : arguments[0].size());
    }
    if (name == "index" && count > 1) {
      Json value = arguments[0];
      for (std::size_t i = 1; i < count; ++i) {
        YURT_ASSIGN(value, element_of(value, arguments[i]));
      }
      return value;
    }
    if (name == "eq" && count > 1) {
      bool any = false;
      for (std::size_t i = 1; i < count; ++i) any |= arguments[0] == arguments[i];
      return Json(any);
    }
    if (count == 2) {
      if (name == "ne") return Json(arguments[0] != arguments[1]);
      if (name == "lt") return Json(arguments[0] < arguments[1]);
      if (name == "le") return Json(arguments[0] <= arguments[1]);
      if (name == "gt") return Json(arguments[0] > arguments[1]);
      if (name == "ge") return Json(arguments[0] >= arguments[1]);
    }
    for (const char* known :
         {"not", "len", "index", "eq", "ne", "lt", "le", "gt", "ge", "and", "or"}) {
      if (name == known) {
        return unusable(name + " does not take " + std::to_string(count) + " arguments");
      }
    }
    return unusable("there is no function \"" + name + "\"; a field is written with a dot: {{." +
                    name + "}}");
  }

  static std::string print(const std::vector<Json>& arguments, bool line) {
    std::string out;
    for (const Json& argument : arguments) {
      if (line && !out.empty()) out += ' ';
      out += printed(argument);
    }
    return line ? out + "\n" : out;
  }

  std::map<std::string, Json> variables_;
  std::string out_;
};

}  // namespace

std::string printed(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "<nil>";
  return value.dump();
}

Result<std::string> render_template(const std::string& text, const Json& value) {
  YURT_ASSIGN(const tmpl::Nodes nodes, tmpl::parse(text));
  Evaluation evaluation;
  evaluation.set("", value);  // {{$}} is what the template was given
  YURT_TRY(evaluation.run(nodes, value));
  return std::move(evaluation.out());
}

}  // namespace yurt::cli
