#include <re2/re2.h>

#include <algorithm>
#include <cctype>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

using Strings = std::vector<std::string>;

// A function of `count` strings.
Function of_strings(const char* name, std::size_t count,
                    std::function<Result<Value>(const Strings&)> body) {
  return {name, count, count,
          [count, body = std::move(body)](const Arguments& arguments, Provider&) -> Result<Value> {
            Strings strings(count);
            for (std::size_t i = 0; i < count; ++i) {
              YURT_ASSIGN(strings[i], string_argument("it", arguments[i]));
            }
            return body(strings);
          }};
}

std::string mapped(std::string text, int (*each)(int)) {
  for (char& c : text) c = static_cast<char>(each(static_cast<unsigned char>(c)));
  return text;
}

std::string title(std::string text) {
  bool start = true;
  for (char& c : text) {
    if (start) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    start = std::isspace(static_cast<unsigned char>(c)) != 0;
  }
  return text;
}

std::string trimmed(const std::string& text, const std::string& characters) {
  const std::size_t from = text.find_first_not_of(characters);
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(characters) - from + 1);
}

std::string replaced(const std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  std::string out;
  std::size_t at = 0;
  for (std::size_t hit = text.find(from); hit != std::string::npos; hit = text.find(from, at)) {
    out.append(text, at, hit - at);
    out += to;
    at = hit + from.size();
  }
  out.append(text, at, std::string::npos);
  return out;
}

std::vector<Value> split(const std::string& separator, const std::string& text) {
  std::vector<Value> parts;
  if (text.empty()) return parts;
  if (separator.empty()) {
    for (const char c : text) parts.emplace_back(std::string(1, c));
    return parts;
  }
  std::size_t at = 0;
  for (std::size_t hit = text.find(separator); hit != std::string::npos;
       hit = text.find(separator, at)) {
    parts.emplace_back(text.substr(at, hit - at));
    at = hit + separator.size();
  }
  parts.emplace_back(text.substr(at));
  return parts;
}

Result<Value> with_pattern(const std::string& pattern,
                           const std::function<Value(const re2::RE2&)>& body) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 expression(pattern, options);
  if (!expression.ok()) {
    return Error{ErrorCode::invalid_argument,
                 "\"" + pattern + "\" is no regular expression: " + expression.error()};
  }
  return body(expression);
}

// Go writes ${1} or $1 in a replacement, RE2 \1; a backslash is plain text in Go.
std::string re2_rewrite(const std::string& go) {
  std::string out;
  for (std::size_t i = 0; i < go.size(); ++i) {
    if (go[i] == '\\') {
      out += "\\\\";
    } else if (go[i] == '$' && i + 1 < go.size() && go[i + 1] == '$') {
      out += go[++i];
    } else if (go[i] == '$' && i + 1 < go.size() &&
               std::isdigit(static_cast<unsigned char>(go[i + 1])) != 0) {
      out += std::string("\\") + go[++i];
    } else if (go[i] == '$' && i + 3 < go.size() && go[i + 1] == '{' && go[i + 3] == '}' &&
               std::isdigit(static_cast<unsigned char>(go[i + 2])) != 0) {
      out += std::string("\\") + go[i + 2];
      i += 3;
    } else {
      out += go[i];
    }
  }
  return out;
}

Result<Value> indent(const Arguments& arguments, Provider&) {
  YURT_ASSIGN(const std::int64_t width, int_argument("indent", arguments[0]));
  YURT_ASSIGN(const std::string text, string_argument("indent", arguments[1]));
  if (width < 0 || width > 1000) {
    return Error{ErrorCode::invalid_argument, "the width must be 0 to 1000"};
  }
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start) out.append(static_cast<std::size_t>(width), ' ');
    out += c;
    line_start = c == '\n';
  }
  return Value(out);
}

}  // namespace

std::vector<Function> string_functions() {
  const char* spaces = " \t\n\r\v\f";
  std::vector<Function> all = {
      of_strings("toUpper", 1, [](const Strings& s) { return Value(mapped(s[0], std::toupper)); }),
      of_strings("toLower", 1, [](const Strings& s) { return Value(mapped(s[0], std::tolower)); }),
      of_strings("toTitle", 1, [](const Strings& s) { return Value(title(s[0])); }),
      of_strings("trim", 2, [](const Strings& s) { return Value(trimmed(s[1], s[0])); }),
      of_strings("trimSpace", 1,
                 [spaces](const Strings& s) { return Value(trimmed(s[0], spaces)); }),
      of_strings("trimPrefix", 2,
                 [](const Strings& s) {
                   return Value(s[1].rfind(s[0], 0) == 0 ? s[1].substr(s[0].size()) : s[1]);
                 }),
      of_strings("trimSuffix", 2,
                 [](const Strings& s) {
                   const bool ends =
                       s[1].size() >= s[0].size() &&
                       s[1].compare(s[1].size() - s[0].size(), s[0].size(), s[0]) == 0;
                   return Value(ends ? s[1].substr(0, s[1].size() - s[0].size()) : s[1]);
                 }),
      of_strings("replaceAll", 3,
                 [](const Strings& s) { return Value(replaced(s[2], s[0], s[1])); }),
      of_strings("split", 2, [](const Strings& s) { return Value(split(s[0], s[1])); }),
      of_strings("regexMatch", 2,
                 [](const Strings& s) {
                   return with_pattern(s[0], [&](const re2::RE2& expression) {
                     return Value(re2::RE2::PartialMatch(s[1], expression));
                   });
                 }),
      of_strings("regexReplaceAll", 3,
                 [](const Strings& s) {
                   return with_pattern(s[0], [&](const re2::RE2& expression) {
                     std::string text = s[2];
                     re2::RE2::GlobalReplace(&text, expression, re2_rewrite(s[1]));
                     return Value(text);
                   });
                 }),
      {"indent", 2, 2, indent},
      {"print", 0, unlimited,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         std::string out;
         for (std::size_t i = 0; i < arguments.size(); ++i) {
           if (i > 0 && !arguments[i].is_string() && !arguments[i - 1].is_string()) out += ' ';
           out += print(arguments[i]);
         }
         return Value(out);
       }},
      {"println", 0, unlimited,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         std::string out;
         for (const auto& argument : arguments) out += (out.empty() ? "" : " ") + print(argument);
         return Value(out + "\n");
       }},
      {"printf", 1, unlimited,
       [](const Arguments& arguments, Provider&) -> Result<Value> {
         YURT_ASSIGN(const std::string format, string_argument("printf", arguments[0]));
         return Value(format_printf(format, arguments.data() + 1, arguments.size() - 1));
       }},
  };
  return all;
}

}  // namespace yurt::templates
