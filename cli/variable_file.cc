#include "cli/variable_file.h"

#include <iostream>
#include <iterator>
#include <map>
#include <memory>

#include "base/file.h"
#include "jobspec/decode/decoder.h"
#include "jobspec/hcl/context.h"
#include "jobspec/hcl/functions.h"
#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/unicode.h"
#include "jobspec/hcl/value.h"
#include "jobspec/json/read.h"

namespace yurt::cli {
namespace {

constexpr const char* hcl_template = R"(# A variable. Write it with `yurt var put @<this file>`.

# The namespace; -namespace on the command line wins.
# namespace = "default"

# Its name, in one or more segments between slashes.
path = "path/to/variable"

# With a modify index the variable is written only while that is still its newest.
# modify_index = 0

# What it holds; at most 64 KiB in all. Templates read it:
#   {{ with nomadVar "path/to/variable" }}{{ .key1 }}{{ end }}
items {
  key1 = "value 1"
  key2 = "value 2"
}
)";

constexpr const char* json_template = R"({
  "Namespace": "default",
  "Path": "path/to/variable",
  "Items": {
    "key1": "value 1",
    "key2": "value 2"
  }
}
)";

Result<std::string> value_of(const std::string& text) {
  if (text.starts_with("\\@") || text.starts_with("\\-")) return text.substr(1);
  if (text == "-") return read_standard_input();
  if (text.starts_with("@")) return read_file(text.substr(1));
  return text;
}

}  // namespace

std::string read_standard_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

Result<model::Variable> parse_variable(const std::string& name, std::string text,
                                       const std::string& format, Random& random) {
  model::Variable variable;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool looks_like_json = first != std::string::npos && text[first] == '{';
  if (format == "json" || (format.empty() && looks_like_json)) {
    const Status read = json::read(text, variable);
    if (!read.ok()) return read.error().within(name);
    return variable;
  }
  hcl::Diagnostics diagnostics;
  const auto source = std::make_shared<const hcl::Source>(name, std::move(text));
  const hcl::BodyPtr body = hcl::parse_body(source, diagnostics);
  jobspec::SourceMap places;
  const auto context = hcl::EvalContext::create({}, hcl::standard_functions({&random, {}}),
                                                hcl::UnknownRoots::error);
  jobspec::Decoder(places, diagnostics).decode(*body, context, "", variable);
  if (diagnostics.has_errors()) {
    return Error{ErrorCode::invalid_argument, hcl::render(diagnostics)};
  }
  return variable;
}

Status add_items(const std::vector<std::string>& arguments, model::Variable& variable) {
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::invalid_argument,
                   "\"" + argument + "\" is no item: write key=value, key=@file or key=-"};
    }
    const std::string key = argument.substr(0, equals);
    auto value = value_of(argument.substr(equals + 1));
    if (!value.ok()) return value.error().within("item \"" + key + "\"");
    if (!hcl::is_valid_utf8(*value)) {
      return Error{ErrorCode::invalid_argument,
                   "item \"" + key +
                       "\" is not UTF-8 text: put it in base64 and decode it where "
                       "it is used (base64Decode in templates)"};
    }
    (*variable.mutable_items())[key] = std::move(*value);
  }
  return {};
}

std::string variable_as_hcl(const model::Variable& variable) {
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool begins_interpolation =
          (c == '$' || c == '%') && i + 1 < text.size() && text[i + 1] == '{';
      switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
          out += c;
          if (begins_interpolation) out += c;
      }
    }
    return out + "\"";
  };
  std::string out = "namespace    = " + quoted(variable.namespace_()) + "\n";
  out += "path         = " + quoted(variable.path()) + "\n";
  out += "create_index = " + std::to_string(variable.create_index()) + "\n";
  out += "modify_index = " + std::to_string(variable.modify_index()) + "\n";
  out += "create_time  = " + std::to_string(variable.create_time()) + "\n";
  out += "modify_time  = " + std::to_string(variable.modify_time()) + "\n\nitems = {\n";
  const std::map<std::string, std::string> items(variable.items().begin(), variable.items().end());
  for (const auto& [key, value] : items) out += "  " + quoted(key) + " = " + quoted(value) + "\n";
  return out + "}";
}

std::string variable_template(bool json) { return json ? json_template : hcl_template; }

}  // namespace yurt::cli
