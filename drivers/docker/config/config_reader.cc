#include "drivers/docker/config/config_reader.h"

#include <cmath>

#include "base/duration.h"
#include "drivers/raw_exec/nearest_name.h"

namespace yurt::drivers::docker {
namespace {

constexpr double exact_integers = 9007199254740992.0;  // 2^53

// 8080 and not 8080.0: every number of a job file is a double.
std::string scalar_as_text(const nlohmann::json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number == std::floor(number) && std::abs(number) <= exact_integers) {
      return std::to_string(static_cast<std::int64_t>(number));
    }
  }
  return value.dump();
}

}  // namespace

bool ConfigReader::passes(const Json& value) const {
  return lenient_ && value.is_string() &&
         value.get_ref<const std::string&>().find("${") != std::string::npos;
}

void ConfigReader::read(const std::string& field, const Json& value, std::string& into) {
  if (value.is_string()) {
    into = value.get<std::string>();
  } else if (value.is_number() || value.is_boolean()) {
    into = scalar_as_text(value);
  } else {
    fail(field, "must be a text");
  }
}

void ConfigReader::read(const std::string& field, const Json& value, bool& into) {
  if (value.is_boolean()) {
    into = value.get<bool>();
  } else if (value == "true" || value == "1") {
    into = true;
  } else if (value == "false" || value == "0") {
    into = false;
  } else if (!passes(value)) {
    fail(field, "must be true or false");
  }
}

void ConfigReader::read(const std::string& field, const Json& value, std::optional<bool>& into) {
  bool read_value = false;
  read(field, value, read_value);
  into = read_value;
}

void ConfigReader::read(const std::string& field, const Json& value, std::int64_t& into) {
  if (passes(value)) return;
  Json number = value;
  // Interpolated values arrive as texts.
  if (value.is_string()) {
    number = Json::parse(value.get_ref<const std::string&>(), nullptr, false);
  }
  if (number.is_number_integer()) {
    into = number.get<std::int64_t>();
  } else if (number.is_number_float() && number.get<double>() == std::floor(number.get<double>()) &&
             std::abs(number.get<double>()) <= exact_integers) {
    into = static_cast<std::int64_t>(number.get<double>());
  } else {
    fail(field, "must be a whole number");
  }
}

void ConfigReader::read_duration(const std::string& field, const Json& value,
                                 std::int64_t& into_ns) {
  if (passes(value)) return;
  const auto parsed =
      value.is_string() ? parse_duration(value.get<std::string>()) : Result<std::int64_t>(Error{});
  if (parsed.ok() && *parsed > 0) {
    into_ns = *parsed;
  } else {
    fail(field, "must be a duration like \"5m\"");
  }
}

void ConfigReader::read(const std::string& field, const Json& value,
                        std::vector<std::string>& into) {
  if (!value.is_array()) return fail(field, "must be a list of texts");
  for (std::size_t i = 0; i < value.size(); ++i) {
    read(field + "[" + std::to_string(i) + "]", value[i], into.emplace_back());
  }
}

void ConfigReader::read(const std::string& field, const Json& value, TextMap& into) {
  blocks(field, value, [this, &into](const std::string& own, const Json& block) {
    for (const auto& [key, item] : block.items()) {
      std::string text;
      read(own + "." + key, item, text);
      into.emplace_back(key, std::move(text));
    }
  });
}

void ConfigReader::refuse(const std::string& own, const std::string& key, const std::string& block,
                          std::span<const std::string_view> names) {
  const std::string_view nearest = nearest_name(key, names);
  const std::string where = block.empty() ? driver_ : block;
  fail(own, "is no setting of " + where +
                (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
}

}  // namespace yurt::drivers::docker
