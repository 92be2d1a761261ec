// Versions as the `version` and `semver` constraint operators compare them.
//
// `version` is lenient (any number of numeric segments, an optional leading "v", a pre-release with
// or without dash) and keeps pre-releases apart unless the constraint names one; it knows "~>".
// `semver` is strict Semantic Versioning 2.0 with its order of pre-releases. Build metadata never
// counts. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yurt::scheduler {

struct Version {
  std::vector<std::uint64_t> segments;  // at least three; missing ones are 0
  std::size_t given_segments = 0;       // how many the text had
  std::string prerelease;               // without the dash; empty: none

  [[nodiscard]] static std::optional<Version> parse_lenient(std::string_view text);
  [[nodiscard]] static std::optional<Version> parse_strict(std::string_view text);
};

// Negative, zero or positive as a stands before, with or after b.
[[nodiscard]] int compare(const Version& a, const Version& b);

// A list such as ">= 1.2, < 2.0", all of which must hold.
class VersionConstraint {
 public:
  enum class Mode { lenient, strict };
  // nullopt when the text is no constraint in this mode.
  [[nodiscard]] static std::optional<VersionConstraint> parse(std::string_view text, Mode mode);
  // False also when `version` is no version in this mode.
  [[nodiscard]] bool holds_for(std::string_view version) const;

 private:
  enum class Op { equal, not_equal, greater, less, at_least, at_most, pessimistic };
  struct Term {
    Op op;
    Version version;
  };
  [[nodiscard]] bool term_holds(const Term& term, const Version& version) const;

  Mode mode_ = Mode::lenient;
  std::vector<Term> terms_;
};

}  // namespace yurt::scheduler
