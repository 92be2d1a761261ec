#include "drivers/compose/model/node_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/duration.h"
#include "drivers/raw_exec/nearest_name.h"

namespace yurt::drivers::compose {
namespace {

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<std::vector<std::string>> shell_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\'') {
      if (c == '\'')
        quote = 0;
      else
        word += c;
    } else if (c == '\\' && i + 1 < text.size()) {
      const char next = text[++i];
      if (quote == '"' && std::string_view("\"\\$`\n").find(next) == std::string_view::npos) {
        word += '\\';
      }
      word += next;
      in_word = true;
    } else if (quote == '"') {
      if (c == '"')
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return std::nullopt;
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() &&
         (std::isdigit(static_cast<unsigned char>(text[digits])) != 0 || text[digits] == '.')) {
    ++digits;
  }
  const auto number = number_of(text.substr(0, digits));
  std::string unit(text.substr(digits));
  while (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (unit.ends_with("ib"))
    unit.resize(unit.size() - 2);
  else if (unit.size() > 1 && unit.ends_with("b"))
    unit.resize(unit.size() - 1);
  if (!number) return std::nullopt;
  constexpr std::string_view units = "bkmgt";
  const std::size_t power = unit.empty() ? 0 : units.find(unit);
  if (power == std::string_view::npos || unit.size() > 1) return std::nullopt;
  const double bytes = *number * std::pow(1024.0, static_cast<double>(power));
  if (bytes > 9.0e15) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

void NodeReader::read(const std::string& field, const YamlNode& node, std::string& into) {
  if (!node.is_scalar()) return fail(node, field, "must be a text");
  into = node.text;
}

void NodeReader::read(const std::string& field, const YamlNode& node, bool& into) {
  if (node.open) return;
  std::string word = node.is_scalar() ? node.text : "";
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (word == "true" || word == "yes" || word == "on" || word == "y") {
    into = true;
  } else if (word == "false" || word == "no" || word == "off" || word == "n") {
    into = false;
  } else {
    fail(node, field, "must be true or false");
  }
}

void NodeReader::read(const std::string& field, const YamlNode& node, std::int64_t& into) {
  if (node.open) return;
  const char* end = node.text.data() + node.text.size();
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(node.text.data(), end, value);
  if (!node.is_scalar() || error != std::errc() || rest != end) {
    return fail(node, field, "must be a whole number");
  }
  into = value;
}

void NodeReader::read(const std::string& field, const YamlNode& node, double& into) {
  if (node.open) return;
  const auto value = node.is_scalar() ? number_of(node.text) : std::nullopt;
  if (!value || *value < 0) return fail(node, field, "must be a number");
  into = *value;
}

void NodeReader::read(const std::string& field, const YamlNode& node,
                      std::vector<std::string>& into) {
  each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    read(own, item, into.emplace_back());
  });
}

void NodeReader::read(const std::string& field, const YamlNode& node, docker::TextMap& into) {
  if (node.open) return;
  if (node.is_map()) {
    for (const YamlEntry& entry : node.entries) {
      std::string value;
      if (!entry.value.is_null()) read(field + "." + entry.key, entry.value, value);
      into.emplace_back(entry.key, std::move(value));
    }
    return;
  }
  if (!node.is_list()) return fail(node, field, "must be a map or a list of \"name=value\"");
  each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    std::string text;
    read(own, item, text);
    const std::size_t equals = std::min(text.find('='), text.size());
    into.emplace_back(text.substr(0, equals),
                      equals < text.size() ? text.substr(equals + 1) : std::string());
  });
}

void NodeReader::read_duration(const std::string& field, const YamlNode& node,
                               std::int64_t& into_ns) {
  if (node.open) return;
  if (node.is_scalar() && node.text == "0") {
    into_ns = 0;
    return;
  }
  const auto parsed = node.is_scalar() ? parse_duration(node.text) : Result<std::int64_t>(Error{});
  if (!parsed.ok() || *parsed < 0) {
    return fail(node, field, "must be a duration like \"1m30s\"");
  }
  into_ns = *parsed;
}

void NodeReader::read_bytes(const std::string& field, const YamlNode& node, std::int64_t& into) {
  if (node.open) return;
  const auto parsed = node.is_scalar() ? parse_bytes(node.text) : std::nullopt;
  if (!parsed) return fail(node, field, "must be a size like \"64m\" or a number of bytes");
  into = *parsed;
}

void NodeReader::read_one_or_many(const std::string& field, const YamlNode& node,
                                  std::vector<std::string>& into) {
  if (node.is_scalar()) {
    into.push_back(node.text);
  } else {
    read(field, node, into);
  }
}

void NodeReader::read_command(const std::string& field, const YamlNode& node,
                              std::vector<std::string>& into) {
  if (!node.is_scalar()) return read(field, node, into);
  if (node.open) return;
  auto words = shell_words(node.text);
  if (!words) return fail(node, field, "has a quote that is not closed");
  into = std::move(*words);
}

void NodeReader::read_mode(const std::string& field, const YamlNode& node, std::int64_t& into) {
  if (node.open) return;
  std::string_view digits = node.text;
  if (digits.starts_with("0o")) digits.remove_prefix(2);
  const bool octal = digits.size() < node.text.size() || digits.starts_with('0') || !node.plain;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, octal ? 8 : 10);
  if (!node.is_scalar() || error != std::errc() || end != digits.data() + digits.size() ||
      value < 0 || value > 07777) {
    return fail(node, field, "must be a file mode like 0440");
  }
  into = value;
}

void NodeReader::read_port(const std::string& field, const YamlNode& node, int& into) {
  if (node.open) return;
  std::int64_t value = 0;
  read(field, node, value);
  if (value < 1 || value > 65535) return fail(node, field, "must be a port from 1 to 65535");
  into = static_cast<int>(value);
}

int NodeReader::read_choice(const std::string& field, const YamlNode& node,
                            std::span<const std::string_view> choices) {
  if (node.open) return -1;
  std::string list;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (node.is_scalar() && node.text == choices[i]) return static_cast<int>(i);
    list += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i]);
  }
  fail(node, field, "must be " + list);
  return -1;
}

void NodeReader::refuse(const YamlEntry& entry, const std::string& own,
                        std::span<const std::string_view> names) {
  const std::string_view nearest = nearest_name(entry.key, names);
  fail(entry.line, own,
       "is no key that Yurt knows here" +
           (nearest.empty() ? std::string() : "; did you mean " + std::string(nearest) + "?"));
}

}  // namespace yurt::drivers::compose
