#include "drivers/compose/yaml/interpolate.h"

#include <algorithm>

namespace yurt::drivers::compose {
namespace {

constexpr int deepest_default = 16;

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

std::size_t name_end(std::string_view text, std::size_t from) {
  if (from >= text.size() || !starts_name(text[from])) return from;
  while (from < text.size() && continues_name(text[from])) ++from;
  return from;
}

// Where the brace that was opened before `from` is closed, defaults with braces of their own
// included; npos when it is not.
std::size_t closing_brace(std::string_view text, std::size_t from) {
  int depth = 1;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

class Interpolation {
 public:
  Interpolation(const Variables* variables, std::vector<std::string>& unset)
      : variables_(variables), unset_(unset) {}

  Result<Interpolated> run(std::string_view text, int depth) {
    if (depth > deepest_default) return malformed(text, "defaults are nested too deeply");
    Interpolated out;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '$') {
        out.text += text[i++];
        continue;
      }
      if (i + 1 < text.size() && text[i + 1] == '$') {
        out.text += '$';
        i += 2;
        continue;
      }
      Interpolated value;
      if (i + 1 < text.size() && text[i + 1] == '{') {
        const std::size_t close = closing_brace(text, i + 2);
        if (close == std::string_view::npos) return malformed(text, "a \"}\" is missing");
        YURT_ASSIGN(value, braced(text.substr(i + 2, close - i - 2), depth));
        i = close + 1;
      } else {
        const std::size_t end = name_end(text, i + 1);
        if (end == i + 1) {
          return malformed(text, "write $$ for a dollar sign, ${NAME} for a variable");
        }
        value = plain(text.substr(i + 1, end - i - 1));
        i = end;
      }
      out.text += value.text;
      out.open |= value.open;
    }
    return out;
  }

 private:
  static Error malformed(std::string_view text, const std::string& why) {
    return {ErrorCode::invalid_argument,
            "invalid interpolation in \"" + std::string(text) + "\": " + why};
  }

  Interpolated plain(std::string_view name) {
    if (variables_ == nullptr) return {"${" + std::string(name) + "}", true};
    const auto found = variables_->find(name);
    if (found != variables_->end()) return {found->second, false};
    if (std::find(unset_.begin(), unset_.end(), name) == unset_.end()) unset_.emplace_back(name);
    return {};
  }

  // What stands between the braces.
  Result<Interpolated> braced(std::string_view inner, int depth) {
    const std::size_t end = name_end(inner, 0);
    const std::string name(inner.substr(0, end));
    if (end == 0) return malformed("${" + std::string(inner) + "}", "a variable's name is missing");
    std::string_view rest = inner.substr(end);
    if (rest.empty()) return plain(name);
    const bool empty_counts_as_unset = rest.front() == ':';
    if (empty_counts_as_unset) rest.remove_prefix(1);
    if (rest.empty() || std::string_view("-?+").find(rest.front()) == std::string_view::npos) {
      return malformed("${" + std::string(inner) + "}",
                       "after the name may follow :-default, -default, :?message, ?message, "
                       ":+other or +other");
    }
    const char operation = rest.front();
    rest.remove_prefix(1);
    if (variables_ == nullptr) {
      // Only what is wrong with the default in itself can be told.
      YURT_ASSIGN(const Interpolated ignored, run(rest, depth + 1));
      return Interpolated{"${" + std::string(inner) + "}", true};
    }
    const auto found = variables_->find(name);
    const bool given =
        found != variables_->end() && !(empty_counts_as_unset && found->second.empty());
    if (operation == '+') return given ? run(rest, depth + 1) : Interpolated{};
    if (given) return Interpolated{found->second, false};
    if (operation == '-') return run(rest, depth + 1);
    YURT_ASSIGN(const Interpolated message, run(rest, depth + 1));
    return Error{ErrorCode::invalid_argument,
                 "the variable " + name + " is required" +
                     (message.text.empty() ? "" : ": " + message.text)};
  }

  const Variables* variables_;
  std::vector<std::string>& unset_;
};

}  // namespace

Result<Interpolated> interpolate(std::string_view text, const Variables* variables,
                                 std::vector<std::string>& unset) {
  return Interpolation(variables, unset).run(text, 0);
}

void interpolate_tree(YamlNode& node, const Variables* variables, std::vector<std::string>& unset,
                      std::vector<YamlError>& errors) {
  if (node.is_scalar() && node.text.find('$') != std::string::npos) {
    auto done = interpolate(node.text, variables, unset);
    if (!done.ok()) {
      errors.push_back({node.line, done.error().message});
      node.open = true;
      return;
    }
    node.text = std::move(done->text);
    node.open = done->open;
  }
  for (YamlNode& item : node.items) interpolate_tree(item, variables, unset, errors);
  for (YamlEntry& entry : node.entries) {
    interpolate_tree(entry.value, variables, unset, errors);
  }
}

}  // namespace yurt::drivers::compose
