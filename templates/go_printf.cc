#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

struct Verb {
  bool minus = false, plus = false, zero = false, space = false, sharp = false;
  int width = 0;
  std::optional<int> precision;
  char letter = 0;
};

std::string padded(const Verb& verb, std::string text, bool numeric) {
  const auto width = static_cast<std::size_t>(verb.width);
  if (text.size() >= width) return text;
  const std::size_t missing = width - text.size();
  if (verb.minus) return text + std::string(missing, ' ');
  if (verb.zero && numeric) {
    const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    return text.substr(0, sign) + std::string(missing, '0') + text.substr(sign);
  }
  return std::string(missing, ' ') + text;
}

std::string quoted(const std::string& text) {
  return Value(text).dump(-1, ' ', false, Value::error_handler_t::replace);
}

std::string hex_of(const std::string& text, bool upper) {
  std::string out;
  for (const char c : text) {
    out += fmt::format(fmt::runtime(upper ? "{:02X}" : "{:02x}"), static_cast<unsigned char>(c));
  }
  return out;
}

std::string mismatch(const Verb& verb, const Value& value) {
  return fmt::format("%!{}({}={})", verb.letter, type_name(value), print(value));
}

std::string integer(const Verb& verb, std::int64_t number) {
  const bool negative = number < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  std::string digits;
  switch (verb.letter) {
    case 'x': digits = fmt::format(fmt::runtime(verb.sharp ? "{:#x}" : "{:x}"), size); break;
    case 'X': digits = fmt::format(fmt::runtime(verb.sharp ? "{:#X}" : "{:X}"), size); break;
    case 'o': digits = fmt::format("{:o}", size); break;
    case 'b': digits = fmt::format("{:b}", size); break;
    default: digits = std::to_string(size);
  }
  if (verb.precision) {
    const auto least = static_cast<std::size_t>(*verb.precision);
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  }
  return (negative ? "-" : verb.plus ? "+" : verb.space ? " " : "") + digits;
}

std::string formatted(const Verb& verb, const Value& value) {
  switch (verb.letter) {
    case 'v': return padded(verb, value.is_null() ? "<nil>" : print(value), value.is_number());
    case 's': {
      std::string text = value.is_null() ? "%!s(<nil>)" : print(value);
      if (verb.precision)
        text.resize(std::min(text.size(), static_cast<std::size_t>(*verb.precision)));
      return padded(verb, std::move(text), false);
    }
    case 'q':
      if (!value.is_string()) return mismatch(verb, value);
      return padded(verb, quoted(value.get<std::string>()), false);
    case 't':
      if (!value.is_boolean()) return mismatch(verb, value);
      return padded(verb, print(value), false);
    case 'T': return padded(verb, type_name(value), false);
    case 'x':
    case 'X':
      if (value.is_string()) {
        return padded(verb, hex_of(value.get<std::string>(), verb.letter == 'X'), false);
      }
      [[fallthrough]];
    case 'd':
    case 'o':
    case 'b':
      if (!value.is_number_integer()) return mismatch(verb, value);
      return padded(verb, integer(verb, value.get<std::int64_t>()), true);
    case 'c':
      if (!value.is_number_integer()) return mismatch(verb, value);
      return padded(verb, std::string(1, static_cast<char>(value.get<std::int64_t>())), false);
    case 'f':
    case 'F':
    case 'e':
    case 'g': {
      if (!value.is_number_float()) return mismatch(verb, value);
      const double number = value.get<double>();
      const std::string kind(1, verb.letter == 'F' ? 'f' : verb.letter);
      std::string text =
          verb.letter == 'g' && !verb.precision
              ? print(value)
              : fmt::format(
                    fmt::runtime("{:." + std::to_string(verb.precision.value_or(6)) + kind + "}"),
                    number);
      if (verb.plus && number >= 0) text.insert(0, "+");
      return padded(verb, std::move(text), true);
    }
    default: return mismatch(verb, value);
  }
}

int small_number(const std::string& format, std::size_t& at) {
  int number = 0;
  while (at < format.size() && std::isdigit(static_cast<unsigned char>(format[at])) != 0) {
    number = std::min(number * 10 + (format[at++] - '0'), 1000);
  }
  return number;
}

}  // namespace

std::string format_printf(const std::string& format, const Value* arguments, std::size_t count) {
  std::string out;
  std::size_t used = 0;
  const auto number_argument = [&](int otherwise) {
    if (used >= count || !arguments[used].is_number_integer()) return otherwise;
    return static_cast<int>(
        std::clamp<std::int64_t>(arguments[used++].get<std::int64_t>(), 0, 1000));
  };
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    ++at;
    Verb verb;
    for (; at < format.size(); ++at) {
      if (format[at] == '-')
        verb.minus = true;
      else if (format[at] == '+')
        verb.plus = true;
      else if (format[at] == '0')
        verb.zero = true;
      else if (format[at] == ' ')
        verb.space = true;
      else if (format[at] == '#')
        verb.sharp = true;
      else
        break;
    }
    if (at < format.size() && format[at] == '*') {
      verb.width = number_argument(0);
      ++at;
    } else {
      verb.width = small_number(format, at);
    }
    if (at < format.size() && format[at] == '.') {
      ++at;
      verb.precision = small_number(format, at);
    }
    if (at >= format.size()) {
      out += "%!(NOVERB)";
      break;
    }
    verb.letter = format[at++];
    if (verb.letter == '%') {
      out += '%';
    } else if (used >= count) {
      out += fmt::format("%!{}(MISSING)", verb.letter);
    } else {
      out += formatted(verb, arguments[used++]);
    }
  }
  if (used < count) {
    out += "%!(EXTRA ";
    for (std::size_t i = used; i < count; ++i) {
      out += fmt::format("{}{}={}", i == used ? "" : ", ", type_name(arguments[i]),
                         print(arguments[i]));
    }
    out += ")";
  }
  return out;
}

}  // namespace yurt::templates
