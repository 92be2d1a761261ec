#include "templates/value.h"

#include <fmt/format.h>

#include <cmath>

namespace yurt::templates {
namespace {

// Go's %v of a float: the shortest text that reads back, with an exponent from 1e21 on.
std::string print_float(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  const double size = std::abs(number);
  if (size != 0 && (size < 1e-4 || size >= 1e21)) return fmt::format("{:e}", number);
  std::string text = fmt::format("{}", number);
  if (text.find('e') != std::string::npos) text = fmt::format("{:.0f}", number);
  if (text.size() > 2 && text.substr(text.size() - 2) == ".0") text.resize(text.size() - 2);
  return text;
}

std::string print_inner(const Value& value) { return value.is_null() ? "<nil>" : print(value); }

}  // namespace

std::string print(const Value& value) {
  switch (value.type()) {
    case Value::value_t::null: return "<no value>";
    case Value::value_t::string: return value.get<std::string>();
    case Value::value_t::boolean: return value.get<bool>() ? "true" : "false";
    case Value::value_t::number_float: return print_float(value.get<double>());
    case Value::value_t::array: {
      std::string out = "[";
      for (std::size_t i = 0; i < value.size(); ++i) {
        out += (i == 0 ? "" : " ") + print_inner(value[i]);
      }
      return out + "]";
    }
    case Value::value_t::object: {
      std::string out = "map[";
      bool first = true;
      for (const auto& [key, item] : value.items()) {
        out += (first ? "" : " ") + key + ":" + print_inner(item);
        first = false;
      }
      return out + "]";
    }
    default: return value.dump();
  }
}

bool truth(const Value& value) {
  switch (value.type()) {
    case Value::value_t::null: return false;
    case Value::value_t::boolean: return value.get<bool>();
    case Value::value_t::string: return !value.get_ref<const std::string&>().empty();
    case Value::value_t::array:
    case Value::value_t::object: return !value.empty();
    case Value::value_t::number_float: return value.get<double>() != 0;
    default: return value.get<std::int64_t>() != 0;
  }
}

const char* type_name(const Value& value) {
  switch (value.type()) {
    case Value::value_t::null: return "nothing";
    case Value::value_t::boolean: return "bool";
    case Value::value_t::string: return "string";
    case Value::value_t::array: return "list";
    case Value::value_t::object: return "map";
    case Value::value_t::number_float: return "float";
    default: return "int";
  }
}

}  // namespace yurt::templates
