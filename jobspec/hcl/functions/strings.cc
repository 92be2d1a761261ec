// chomp indent join lower replace reverse split strlen strrev substr title trim trimprefix
// trimspace trimsuffix upper
#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

template <typename Map>
Function text_to_text(Map map) {
  return {{string_parameter("str")}, {}, [map](Arguments arguments, std::uint64_t) {
            return CallResult(Value::string(std::string(map(arguments[0].as_string()))));
          }};
}

std::string_view chomp(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::string reversed(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t to = text.size();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = grapheme_length(text, i);
    to -= length;
    out.replace(to, length, text.substr(i, length));
    i += length;
  }
  return out;
}

std::string_view trim_characters(std::string_view text, std::string_view cut_set) {
  const auto in_set = [&](std::string_view character) {
    for (std::size_t i = 0; i < cut_set.size();) {
      const std::size_t length = decode_utf8(cut_set, i).bytes;
      if (cut_set.substr(i, length) == character) return true;
      i += length;
    }
    return false;
  };
  while (!text.empty()) {
    const std::size_t length = decode_utf8(text, 0).bytes;
    if (!in_set(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
    if (!in_set(text.substr(begin))) break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}

// `text` with every `from` replaced, or nullopt when that would take more than `limit` bytes. An
// empty `from` is found before every character and at the end, as in Go.
std::optional<std::string> replace_all(std::string_view text, std::string_view from,
                                       std::string_view to, std::uint64_t limit) {
  std::string out;
  std::size_t at = 0;
  if (from.empty()) {
    while (at < text.size()) {
      const std::size_t length = decode_utf8(text, at).bytes;
      out.append(to).append(text.substr(at, length));
      if (out.size() > limit) return std::nullopt;
      at += length;
    }
    return out.append(to);
  }
  while (true) {
    const std::size_t found = text.find(from, at);
    if (found == std::string_view::npos) break;
    out.append(text.substr(at, found - at)).append(to);
    if (out.size() > limit) return std::nullopt;
    at = found + from.size();
  }
  return out.append(text.substr(at));
}

CallResult replace(Arguments arguments, std::uint64_t limit) {
  auto out = replace_all(arguments[0].as_string(), arguments[1].as_string(),
                         arguments[2].as_string(), limit);
  if (!out) return too_large();
  return Value::string(std::move(*out));
}

CallResult indent(Arguments arguments, std::uint64_t limit) {
  const auto spaces = whole(arguments[0]);
  if (!spaces || *spaces < 0) return call_error("expected a whole number of spaces", 0);
  if (static_cast<std::uint64_t>(*spaces) > limit) return too_large();
  const std::string padding = "\n" + std::string(static_cast<std::size_t>(*spaces), ' ');
  auto out = replace_all(arguments[1].as_string(), "\n", padding, limit);
  if (!out) return too_large();
  return Value::string(std::move(*out));
}

CallResult join(Arguments arguments, std::uint64_t limit) {
  const std::string& separator = arguments[0].as_string();
  if (arguments.size() < 2) return call_error("at least one list is required");
  std::string out;
  bool first = true;
  for (std::size_t list = 1; list < arguments.size(); ++list) {
    std::size_t position = 0;
    for (const Value& element : arguments[list].elements()) {
      if (element.is_null()) {
        return call_error(
            "element " + std::to_string(position) + " is null; cannot concatenate null values",
            list);
      }
      if (!first) out += separator;
      first = false;
      out += element.as_string();
      if (out.size() > limit) return too_large();
      ++position;
    }
  }
  return Value::string(std::move(out));
}

CallResult split(Arguments arguments, std::uint64_t limit) {
  const std::string_view separator = arguments[0].as_string(), text = arguments[1].as_string();
  Value::Elements parts;
  std::size_t at = 0;
  while (parts.size() * 64 <= limit) {
    if (separator.empty()) {
      if (at == text.size()) return Value::list(std::move(parts));
      const std::size_t length = decode_utf8(text, at).bytes;
      parts.push_back(Value::string(std::string(text.substr(at, length))));
      at += length;
      continue;
    }
    const std::size_t found = text.find(separator, at);
    parts.push_back(Value::string(std::string(text.substr(at, found - at))));
    if (found == std::string_view::npos) return Value::list(std::move(parts));
    at = found + separator.size();
  }
  return too_large();
}

// By characters; a negative offset counts from the end, a negative length takes the rest.
CallResult substring(Arguments arguments, std::uint64_t) {
  const std::string_view text = arguments[0].as_string();
  const auto offset = whole(arguments[1]), length = whole(arguments[2]);
  if (!offset) return call_error("offset must be a whole number", 1);
  if (!length) return call_error("length must be a whole number", 2);
  std::int64_t skip = *offset;
  if (skip < 0)
    skip = std::max<std::int64_t>(0, skip + static_cast<std::int64_t>(count_graphemes(text)));
  std::size_t begin = 0;
  for (; skip > 0 && begin < text.size(); --skip) begin += grapheme_length(text, begin);
  if (*length < 0) return Value::string(std::string(text.substr(begin)));
  std::size_t end = begin;
  for (std::int64_t n = *length; n > 0 && end < text.size(); --n) end += grapheme_length(text, end);
  return Value::string(std::string(text.substr(begin, end - begin)));
}

}  // namespace

void add_string_functions(FunctionTable& table) {
  table["chomp"] = text_to_text(chomp);
  table["lower"] = text_to_text(to_lower);
  table["upper"] = text_to_text(to_upper);
  table["title"] = text_to_text(to_title);
  table["strrev"] = table["reverse"] = text_to_text(reversed);
  table["trimspace"] =
      text_to_text([](std::string_view text) { return trim_left(trim_right(text)); });
  table["strlen"] = {{string_parameter("str")}, {}, [](Arguments arguments, std::uint64_t) {
                       const std::size_t count = count_graphemes(arguments[0].as_string());
                       return CallResult(Value::number(static_cast<std::int64_t>(count)));
                     }};
  table["trim"] = {{string_parameter("str"), string_parameter("cutset")},
                   {},
                   [](Arguments arguments, std::uint64_t) {
                     return CallResult(Value::string(std::string(
                         trim_characters(arguments[0].as_string(), arguments[1].as_string()))));
                   }};
  table["trimprefix"] = {{string_parameter("str"), string_parameter("prefix")},
                         {},
                         [](Arguments arguments, std::uint64_t) {
                           std::string_view text = arguments[0].as_string();
                           const std::string& prefix = arguments[1].as_string();
                           if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
                           return CallResult(Value::string(std::string(text)));
                         }};
  table["trimsuffix"] = {{string_parameter("str"), string_parameter("suffix")},
                         {},
                         [](Arguments arguments, std::uint64_t) {
                           std::string_view text = arguments[0].as_string();
                           const std::string& suffix = arguments[1].as_string();
                           if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
                           return CallResult(Value::string(std::string(text)));
                         }};
  table["replace"] = {
      {string_parameter("str"), string_parameter("substr"), string_parameter("replace")},
      {},
      replace};
  table["indent"] = {{number_parameter("spaces"), string_parameter("str")}, {}, indent};
  table["join"] = {{string_parameter("separator")}, list_parameter("lists", Type::string()), join};
  table["split"] = {{string_parameter("separator"), string_parameter("str")}, {}, split};
  table["substr"] = {
      {string_parameter("str"), number_parameter("offset"), number_parameter("length")},
      {},
      substring};
}

}  // namespace yurt::hcl
