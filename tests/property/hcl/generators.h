// Random values and random source text of the language.
#pragma once

#include <rapidcheck.h>

#include <string>

#include "jobspec/hcl/value.h"

namespace yurt::hcl {

inline rc::Gen<std::string> any_text() {
  // Characters that mean something to somebody, and some that are several bytes long.
  static const std::vector<std::string> pieces = {
      "a", "B", "0", " ", "\n", "\t", "\"",     "\\",     "$",          "{",   "}",
      "%", "~", "#", "/", "<",  "&",  "\u00e9", "\u2028", "\U0001F600", "\x01"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)),
                      [](const std::vector<std::string>& chosen) {
                        std::string text;
                        for (const std::string& piece : chosen) text += piece;
                        return text;
                      });
}

// Null, bools, numbers, strings, tuples and objects, at most `depth` deep.
inline rc::Gen<Value> any_value(int depth) {
  auto leaf = rc::gen::oneOf(
      rc::gen::just(Value()), rc::gen::map(rc::gen::arbitrary<bool>(), Value::boolean),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                   [](std::int64_t number) { return Value::number(number); }),
      rc::gen::map(rc::gen::inRange<std::int64_t>(-1'000'000, 1'000'000),
                   [](std::int64_t number) {
                     return Value::number(*Number::from_double(static_cast<double>(number) / 64));
                   }),
      rc::gen::map(any_text(), [](std::string text) { return Value::string(std::move(text)); }));
  if (depth == 0) return leaf;
  auto elements =
      rc::gen::map(rc::gen::resize(4, rc::gen::container<Value::Elements>(any_value(depth - 1))),
                   [](Value::Elements parts) { return Value::tuple(std::move(parts)); });
  auto members = rc::gen::map(
      rc::gen::resize(4, rc::gen::container<std::vector<std::pair<std::string, Value>>>(
                             rc::gen::pair(any_text(), any_value(depth - 1)))),
      [](const std::vector<std::pair<std::string, Value>>& parts) {
        return Value::object({parts.begin(), parts.end()});
      });
  return rc::gen::oneOf(std::move(leaf), std::move(elements), std::move(members));
}

// Text made of the language's own pieces, mostly wrong.
inline rc::Gen<std::string> any_source() {
  static const std::vector<std::string> pieces = {
      "a",     "job",  " ",      "  ",    "\n",     "=",   "{",    "}",    "[",       "]",
      "(",     ")",    "\"",     "\"x\"", "${",     "%{",  "~}",   "}\"",  "<<EOT\n", "<<-EOT\n",
      "EOT\n", "EOT",  "#c\n",   "//",    "/*",     "*/",  ",",    ".",    "...",     "=>",
      "for",   "in",   "if",     "endif", "else",   "1",   "1.5",  "0.1",  "-",       "!",
      "==",    "&&",   "?",      ":",     "*",      "[*]", "true", "null", "$${",     "\\n",
      "\\",    "\xff", "\u00e9", "\r\n",  "dynamic"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)),
                      [](const std::vector<std::string>& chosen) {
                        std::string text;
                        for (const std::string& piece : chosen) text += piece;
                        return text;
                      });
}

// A body that parses: attributes and nested blocks with odd spacing and comments.
inline rc::Gen<std::string> valid_body(int depth) {
  static const std::vector<std::string> expressions = {"1",
                                                       "-1.5",
                                                       "\"x ${ y }\"",
                                                       "[1,2 , 3]",
                                                       "{a=1,b : 2}",
                                                       "f( a,b ... )",
                                                       "a.b[0].c",
                                                       "x?1:-2",
                                                       "[for k,v in a:v if k!=v]",
                                                       "{for k in a:k=>k...}",
                                                       "[\n1,\n\n2 # c\n]",
                                                       "{\n a = 1\nbb=2\n}",
                                                       "<<EOT\n text ${a}\n  EOT",
                                                       "<<-EOT\n    text\n  EOT",
                                                       "(1\n+2)",
                                                       "!a&&b||c",
                                                       "a[*].b",
                                                       "a.*.b",
                                                       "[{\na=1\n},{\nb=2\n}]",
                                                       "a.0.1",
                                                       "\"\"",
                                                       "null",
                                                       "a % b / c",
                                                       "f()",
                                                       "[[\n1],\n[2]\n]"};
  auto spaced = [](rc::Gen<std::string> before) { return before; };
  auto attribute = rc::gen::map(
      rc::gen::tuple(
          rc::gen::elementOf(std::vector<std::string>{"a", "long_name", "b-c", "\u00e9"}),
          spaced(rc::gen::elementOf(std::vector<std::string>{"=", " = ", "   =", "= "})),
          rc::gen::elementOf(expressions),
          rc::gen::elementOf(
              std::vector<std::string>{"\n", "  \n", " # c\n", "//c\n", "\n\n", "/* x */\n"})),
      [](const std::tuple<std::string, std::string, std::string, std::string>& parts) {
        const bool heredoc = std::get<2>(parts).starts_with("<<");
        return std::get<0>(parts) + std::get<1>(parts) + std::get<2>(parts) +
               (heredoc ? "\n" : std::get<3>(parts));
      });
  auto other = rc::gen::elementOf(std::vector<std::string>{"# c\n", "\n", "/* a\n b */\n", "c{}\n",
                                                           "d \"l\" m{e=1}\n", "\n\n\n"});
  auto item = depth == 0 ? rc::gen::oneOf(attribute, other)
                         : rc::gen::oneOf(
                               attribute, other,
                               rc::gen::map(valid_body(depth - 1), [](const std::string& inside) {
                                 return "blk \"x\"  {\n" + inside + " }\n";
                               }));
  return rc::gen::map(rc::gen::resize(8, rc::gen::container<std::vector<std::string>>(item)),
                      [](const std::vector<std::string>& items) {
                        std::string text;
                        std::size_t number = 0;
                        for (std::string part : items) {
                          // Names must differ.
                          const bool is_attribute = part[0] == 'a' || part[0] == 'l' ||
                                                    part[0] == 'b' || part[0] == '\xc3';
                          if (is_attribute && !part.starts_with("blk")) {
                            part = "n" + std::to_string(number++) + part;
                          }
                          text += part;
                        }
                        return text;
                      });
}

}  // namespace yurt::hcl
