// Diagnostics: what is wrong with a file, where, and what was expected. One run collects many, so
// that a person sees all mistakes at once.
//
//   error: Unsupported argument
//     web.nomad.hcl:7:3
//       |
//     7 |   cuont = 3
//       |   ^^^^^
//     An argument named "cuont" is not expected here. Did you mean "count"?
//
// Plain values; not thread-safe while being added to.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "jobspec/hcl/source.h"

namespace yurt::hcl {

enum class Severity { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string summary;  // a few words, no full stop
  std::string detail;   // sentences: what was found, what was expected
  Range subject;        // the offending text; may point nowhere
};

class Diagnostics {
 public:
  void error(std::string summary, std::string detail, Range subject);
  void warning(std::string summary, std::string detail, Range subject);
  void add(Diagnostic diagnostic);
  void append(const Diagnostics& others);

  [[nodiscard]] bool has_errors() const { return error_count_ > 0; }
  [[nodiscard]] std::size_t error_count() const { return error_count_; }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<Diagnostic>& list() const { return list_; }
  // Diagnostics beyond this many are counted and not kept.
  static constexpr std::size_t max_kept = 200;

 private:
  std::vector<Diagnostic> list_;
  std::size_t error_count_ = 0;
};

// One diagnostic as shown above, ending in a newline; ANSI colours when `color`.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, bool color = false);
// All of them, in source order within a file, separated by empty lines.
[[nodiscard]] std::string render(const Diagnostics& diagnostics, bool color = false);
// "file:line:column: summary; detail" in one line, for logs and API errors.
[[nodiscard]] std::string one_line(const Diagnostic& diagnostic);
// The name in `known` closest to `name` when it is close enough to be a slip of the fingers, else
// "": for "did you mean" hints.
[[nodiscard]] std::string closest_name(const std::string& name,
                                       const std::vector<std::string>& known);

}  // namespace yurt::hcl
