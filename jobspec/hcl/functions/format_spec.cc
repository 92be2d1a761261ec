#include "jobspec/hcl/functions/format_spec.h"

#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

constexpr std::size_t widest = 10'000;
constexpr std::string_view known_verbs = "vtbdoxXeEfgGsq";

class FormatParser {
 public:
  FormatParser(std::string_view format, std::string& problem)
      : format_(format), problem_(problem) {}

  bool run(std::vector<FormatPart>& parts) {
    while (at_ < format_.size()) {
      const std::size_t percent = std::min(format_.find('%', at_), format_.size());
      if (percent > at_) parts.emplace_back(std::string(format_.substr(at_, percent - at_)));
      at_ = percent;
      if (at_ == format_.size()) break;
      if (format_.substr(at_).starts_with("%%")) {
        parts.emplace_back(std::string("%"));
        at_ += 2;
        continue;
      }
      FormatVerb verb;
      if (!parse_verb(verb)) return false;
      parts.emplace_back(std::move(verb));
    }
    return true;
  }

 private:
  char peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  bool parse_number(std::optional<std::size_t>& number) {
    if (peek() < '0' || peek() > '9') return true;
    number = 0;
    while (peek() >= '0' && peek() <= '9') {
      *number = *number * 10 + static_cast<std::size_t>(format_[at_++] - '0');
      if (*number <= widest) continue;
      problem_ = "a width, precision or argument number of more than " + std::to_string(widest);
      return false;
    }
    return true;
  }

  bool parse_verb(FormatVerb& verb) {
    verb.offset = at_++;
    while (true) {
      switch (peek()) {
        case '+': verb.plus = true; break;
        case '-': verb.minus = true; break;
        case ' ': verb.space = true; break;
        case '0': verb.zero = true; break;
        case '#': verb.sharp = true; break;
        default: return parse_after_flags(verb);
      }
      ++at_;
    }
  }

  bool parse_after_flags(FormatVerb& verb) {
    if (!parse_number(verb.width)) return false;
    if (peek() == '.') {
      ++at_;
      verb.precision = 0;
      std::optional<std::size_t> digits;
      if (!parse_number(digits)) return false;
      if (digits) verb.precision = digits;
    }
    if (peek() == '[') {
      ++at_;
      std::optional<std::size_t> number;
      if (!parse_number(number)) return false;
      if (!number || *number == 0 || peek() != ']') return unrecognized(verb);
      ++at_;
      next_argument_ = *number - 1;
    }
    if (at_ >= format_.size() || known_verbs.find(peek()) == std::string_view::npos) {
      return unrecognized(verb);
    }
    verb.verb = format_[at_++];
    verb.argument = next_argument_++;
    verb.text = format_.substr(verb.offset, at_ - verb.offset);
    return true;
  }

  bool unrecognized(const FormatVerb& verb) {
    if (at_ >= format_.size()) {
      problem_ = "unfinished format verb at the end of the format string, offset " +
                 std::to_string(verb.offset);
      return false;
    }
    const std::size_t length = decode_utf8(format_, at_).bytes;
    problem_ = "unrecognized format character \"" + std::string(format_.substr(at_, length)) +
               "\" at offset " + std::to_string(at_);
    return false;
  }

  std::string_view format_;
  std::string& problem_;
  std::size_t at_ = 0;
  std::size_t next_argument_ = 0;
};

}  // namespace

bool parse_format(std::string_view format, std::vector<FormatPart>& parts, std::string& problem) {
  return FormatParser(format, problem).run(parts);
}

}  // namespace yurt::hcl
