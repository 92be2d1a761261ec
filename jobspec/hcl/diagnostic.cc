#include "jobspec/hcl/diagnostic.h"

#include <algorithm>

namespace yurt::hcl {

void Diagnostics::error(std::string summary, std::string detail, Range subject) {
  add({Severity::error, std::move(summary), std::move(detail), std::move(subject)});
}

void Diagnostics::warning(std::string summary, std::string detail, Range subject) {
  add({Severity::warning, std::move(summary), std::move(detail), std::move(subject)});
}

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++error_count_;
  if (list_.size() < max_kept) list_.push_back(std::move(diagnostic));
}

void Diagnostics::append(const Diagnostics& others) {
  for (const Diagnostic& other : others.list_) {
    if (list_.size() < max_kept) list_.push_back(other);
  }
  error_count_ += others.error_count_;
}

std::string one_line(const Diagnostic& diagnostic) {
  std::string text = diagnostic.subject.to_string();
  if (!text.empty()) text += ": ";
  text += diagnostic.summary;
  if (!diagnostic.detail.empty()) text += "; " + diagnostic.detail;
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

namespace {

// Optimal string alignment distance (Levenshtein with adjacent swaps), for short names.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string closest_name(const std::string& name, const std::vector<std::string>& known) {
  constexpr std::size_t longest_name = 64;
  if (name.size() > longest_name) return "";
  std::string best;
  // One slip in a short name, up to a third of a longer one.
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > longest_name) continue;
    const std::size_t d = distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace yurt::hcl
