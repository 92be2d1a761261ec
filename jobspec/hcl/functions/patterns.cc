// regex_replace, by RE2 with Go's replacement templates.
#include <re2/re2.h>

#include <limits>

#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

constexpr std::int64_t pattern_memory_bytes = 8 << 20;
// One match costs at most a pass over the rest of the text; many over a long text add up.
constexpr std::uint64_t most_bytes_scanned = 4'000'000'000;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A replacement is text and groups: $1, ${1}, $name, ${name}, $$ (Go's Regexp.Expand).
class Replacement {
 public:
  Replacement(std::string_view text, const RE2& pattern) : pattern_(pattern) {
    while (!text.empty()) {
      const std::size_t dollar = text.find('$');
      add_text(text.substr(0, dollar));
      if (dollar == std::string_view::npos) return;
      text.remove_prefix(dollar + 1);
      if (!take_reference(text)) add_text("$");
    }
  }

  void append_to(std::string& out, const std::vector<re2::StringPiece>& groups) const {
    for (const Part& part : parts_) {
      if (part.group < 0) {
        out += part.text;
      } else if (static_cast<std::size_t>(part.group) < groups.size()) {
        const re2::StringPiece& group = groups[static_cast<std::size_t>(part.group)];
        if (group.data() != nullptr) out.append(group.data(), group.size());
      }
    }
  }

 private:
  struct Part {
    std::string text;
    int group = -1;
  };

  void add_text(std::string_view text) {
    if (!text.empty()) parts_.push_back({std::string(text), -1});
  }

  // What follows a dollar sign; takes it off `text` when it is a reference (or a second dollar).
  bool take_reference(std::string_view& text) {
    if (text.starts_with("$")) {
      text.remove_prefix(1);
      add_text("$");
      return true;
    }
    const bool braces = text.starts_with("{");
    std::size_t end = braces ? 1 : 0;
    const std::size_t begin = end;
    while (end < text.size() && is_name_character(text[end])) ++end;
    if (end == begin || (braces && (end == text.size() || text[end] != '}'))) return false;
    add_group(std::string(text.substr(begin, end - begin)));
    text.remove_prefix(end + (braces ? 1 : 0));
    return true;
  }

  // A group that the pattern lacks is empty.
  void add_group(const std::string& name) {
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      const bool plausible = name.size() <= 4;
      parts_.push_back({"", plausible ? std::stoi(name) : std::numeric_limits<int>::max()});
      return;
    }
    const auto& names = pattern_.NamedCapturingGroups();
    const auto found = names.find(name);
    if (found != names.end()) parts_.push_back({"", found->second});
  }

  const RE2& pattern_;
  std::vector<Part> parts_;
};

CallResult regex_replace(Arguments arguments, std::uint64_t limit) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(pattern_memory_bytes);
  const RE2 pattern(arguments[1].as_string(), options);
  if (!pattern.ok()) return call_error("invalid regexp pattern: " + pattern.error(), 1);
  const std::string& text = arguments[0].as_string();
  const Replacement replacement(arguments[2].as_string(), pattern);
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern.NumberOfCapturingGroups()) +
                                       1);

  std::string out;
  std::size_t copied = 0, at = 0;
  std::uint64_t scanned = 0;
  bool match_ended_here = false;  // an empty match right after a match doesn't count
  while (at <= text.size() && pattern.Match(text, at, text.size(), RE2::UNANCHORED, groups.data(),
                                            static_cast<int>(groups.size()))) {
    scanned += text.size() - at;
    if (scanned > most_bytes_scanned) return call_error("too many matches in too long a text", 0);
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    const bool empty_after_match = begin == end && match_ended_here && begin == copied;
    if (!empty_after_match) {
      out.append(text, copied, begin - copied);
      replacement.append_to(out, groups);
      copied = end;
      if (out.size() > limit) return too_large();
    }
    match_ended_here = true;
    at = end > begin ? end : begin + (begin < text.size() ? decode_utf8(text, begin).bytes : 1);
  }
  return Value::string(out.append(text, std::min(copied, text.size())));
}

}  // namespace

void add_pattern_functions(FunctionTable& table) {
  table["regex_replace"] = {
      {string_parameter("string"), string_parameter("pattern"), string_parameter("replacement")},
      {},
      regex_replace};
}

}  // namespace yurt::hcl
