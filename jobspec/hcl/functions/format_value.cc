// How format() shows a value, verb by verb (go-cty's rules, which follow Go's fmt).
#include <charconv>
#include <cmath>

#include "jobspec/hcl/functions/format_spec.h"
#include "jobspec/hcl/type.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

std::string unsupported(const FormatVerb& verb, const std::string& why) {
  return "unsupported value for \"" + verb.text + "\" at " + std::to_string(verb.offset) + ": " +
         why;
}

// Pads to the verb's width, counted in characters; zeros go between sign and digits.
std::string pad(const FormatVerb& verb, const std::string& text, bool numeric) {
  const std::size_t length = count_graphemes(text);
  if (!verb.width || *verb.width <= length) return text;
  const std::size_t missing = *verb.width - length;
  if (verb.minus) return text + std::string(missing, ' ');
  if (!verb.zero) return std::string(missing, ' ') + text;
  const bool sign =
      numeric && !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
  return text.substr(0, sign ? 1 : 0) + std::string(missing, '0') + text.substr(sign ? 1 : 0);
}

std::string with_sign(const FormatVerb& verb, std::string text) {
  if (text.starts_with('-')) return text;
  if (verb.plus) return "+" + text;
  return verb.space ? " " + text : text;
}

bool integer(const FormatVerb& verb, const Number& number, std::string& out, std::string& problem) {
  if (!number.is_integer()) {
    problem = unsupported(verb, "a whole number is required");
    return false;
  }
  std::string text;
  std::string prefix;
  switch (verb.verb) {
    case 'b': text = number.to_base(2), prefix = "0b"; break;
    case 'o': text = number.to_base(8), prefix = "0"; break;
    case 'x': text = number.to_base(16), prefix = "0x"; break;
    case 'X': text = to_upper(number.to_base(16)), prefix = "0X"; break;
    default: text = number.to_string();
  }
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  if (verb.precision && text.size() < *verb.precision) {
    text.insert(0, *verb.precision - text.size(), '0');
  }
  if (verb.sharp) text.insert(0, prefix);
  out = pad(verb, with_sign(verb, (negative ? "-" : "") + text), true);
  return true;
}

std::string print_double(char conversion, std::size_t precision, double value) {
  const char format[] = {'%', '.', '*', conversion, '\0'};
  const int length = std::snprintf(nullptr, 0, format, static_cast<int>(precision), value);
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, static_cast<int>(precision), value);
  text.pop_back();
  return text;
}

// %g without a precision: the shortest digits that read back the same; big.Float's rule for when
// the exponent shows.
std::string shortest(double value, char verb) {
  char buffer[64];
  auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  const int exponent = std::stoi(text.substr(text.find('e') + 1));
  if (exponent >= -4 && exponent < 6) {
    end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
    return {buffer, end};
  }
  return verb == 'G' ? to_upper(text) : text;
}

std::string floating(const FormatVerb& verb, const Number& number) {
  const double value = number.as_double();
  std::string text;
  if ((verb.verb == 'g' || verb.verb == 'G') && !verb.precision) {
    text = shortest(value, verb.verb);
  } else {
    text = print_double(verb.verb, verb.precision.value_or(6), value);
  }
  return pad(verb, with_sign(verb, text), true);
}

std::string cut(const FormatVerb& verb, const std::string& text) {
  if (!verb.precision) return text;
  std::size_t end = 0;
  for (std::size_t n = 0; n < *verb.precision && end < text.size(); ++n) {
    end += grapheme_length(text, end);
  }
  return text.substr(0, end);
}

std::string default_text(const FormatVerb& verb, const Value& value) {
  if (!verb.sharp && value.is_string()) return cut(verb, value.as_string());
  return to_json(value);
}

}  // namespace

bool format_value(const FormatVerb& verb, const Value& value, std::string& out,
                  std::string& problem) {
  if (verb.verb == 'v') {
    if (!verb.sharp && value.is_number()) {
      out = pad(verb, with_sign(verb, value.as_number().to_string()), true);
    } else {
      out = pad(verb, default_text(verb, value), false);
    }
    return true;
  }
  if (value.is_null()) {
    problem = unsupported(verb, "null value cannot be formatted");
    return false;
  }
  const bool is_text = verb.verb == 's' || verb.verb == 'q';
  const Type wanted =
      verb.verb == 't' ? Type::boolean() : (is_text ? Type::string() : Type::number());
  auto converted = convert(value, wanted);
  if (const auto* error = std::get_if<ConversionError>(&converted)) {
    problem = unsupported(verb, error->message());
    return false;
  }
  const Value& argument = std::get<Value>(converted);
  switch (verb.verb) {
    case 't': out = pad(verb, argument.as_boolean() ? "true" : "false", false); return true;
    case 's': out = pad(verb, cut(verb, argument.as_string()), false); return true;
    case 'q':
      out = pad(verb, to_json(Value::string(cut(verb, argument.as_string()))), false);
      return true;
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G': out = floating(verb, argument.as_number()); return true;
    default: return integer(verb, argument.as_number(), out, problem);
  }
}

}  // namespace yurt::hcl
