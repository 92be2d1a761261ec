// Diagnostics as text: place, source line, carets, explanation.
#include <algorithm>

#include "jobspec/hcl/diagnostic.h"

namespace yurt::hcl {
namespace {

constexpr std::size_t widest_line = 160;

struct Colors {
  const char* bold = "";
  const char* severity = "";
  const char* faint = "";
  const char* off = "";
};

Colors colors_for(Severity severity, bool color) {
  if (!color) return {};
  return {"\033[1m", severity == Severity::error ? "\033[1;31m" : "\033[1;33m", "\033[2m",
          "\033[0m"};
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Control bytes would let a file's text steer the reader's terminal.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t') {
      out += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      out += '?';
    } else {
      out += c;
    }
  }
  return out;
}

// A window of the line around the subject, cut at character borders.
struct Excerpt {
  std::string text;
  std::size_t caret_column = 0;
  std::size_t caret_count = 1;
};

Excerpt excerpt(const Range& subject) {
  const Position start = subject.start();
  const std::string_view line = subject.source->line(start.line);
  const std::size_t line_begin = subject.source->line_start(start.line);
  const std::size_t begin = std::min<std::size_t>(subject.begin - line_begin, line.size());
  const std::size_t end = std::clamp<std::size_t>(subject.end - line_begin, begin, line.size());
  std::size_t from = 0, to = line.size();
  if (line.size() > widest_line) {
    from = begin > widest_line / 2 ? begin - widest_line / 2 : 0;
    to = std::min(line.size(), from + widest_line);
    while (from > 0 && is_continuation(line[from])) --from;
    while (to < line.size() && is_continuation(line[to])) ++to;
  }
  const auto characters = [&](std::size_t a, std::size_t b) {
    return static_cast<std::size_t>(std::count_if(line.begin() + static_cast<std::ptrdiff_t>(a),
                                                  line.begin() + static_cast<std::ptrdiff_t>(b),
                                                  [](char c) { return !is_continuation(c); }));
  };
  Excerpt result;
  result.text = (from > 0 ? "..." : "") + printable(line.substr(from, to - from)) +
                (to < line.size() ? "..." : "");
  result.caret_column = characters(from, begin) + (from > 0 ? 3 : 0);
  result.caret_count = std::max<std::size_t>(1, characters(begin, std::min(end, to)));
  return result;
}

void append_detail(const std::string& detail, std::string& out) {
  std::size_t begin = 0;
  while (begin < detail.size()) {
    const std::size_t end = std::min(detail.find('\n', begin), detail.size());
    out += "  " + detail.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
}

}  // namespace

std::string render(const Diagnostic& diagnostic, bool color) {
  const Colors colors = colors_for(diagnostic.severity, color);
  std::string out = colors.severity;
  out += diagnostic.severity == Severity::error ? "error: " : "warning: ";
  out += colors.off;
  out += colors.bold + diagnostic.summary + colors.off + "\n";
  if (diagnostic.subject.source) {
    const std::string number = std::to_string(diagnostic.subject.start().line);
    const std::string margin(number.size(), ' ');
    const Excerpt shown = excerpt(diagnostic.subject);
    out += "  " + diagnostic.subject.to_string() + "\n";
    out += colors.faint + ("  " + margin + " |\n") + "  " + number + " | " + colors.off +
           shown.text + "\n";
    out += colors.faint + ("  " + margin + " | ") + colors.off;
    out += std::string(shown.caret_column, ' ') + colors.severity +
           std::string(shown.caret_count, '^') + colors.off + "\n";
  }
  append_detail(diagnostic.detail, out);
  return out;
}

std::string render(const Diagnostics& diagnostics, bool color) {
  std::vector<const Diagnostic*> sorted;
  for (const Diagnostic& diagnostic : diagnostics.list()) sorted.push_back(&diagnostic);
  // Files in the order of their first diagnostic, what points nowhere first, as it came.
  std::vector<const Source*> files{nullptr};
  const auto rank = [&](const Diagnostic* diagnostic) {
    const Source* file = diagnostic->subject.source.get();
    const auto place = std::find(files.begin(), files.end(), file);
    if (place == files.end()) files.push_back(file);
    return place - files.begin();
  };
  for (const Diagnostic* diagnostic : sorted) static_cast<void>(rank(diagnostic));
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Diagnostic* a, const Diagnostic* b) {
    const auto rank_a = rank(a), rank_b = rank(b);
    return rank_a != rank_b ? rank_a < rank_b : a->subject.begin < b->subject.begin;
  });
  std::string out;
  for (const Diagnostic* diagnostic : sorted) {
    if (!out.empty()) out += "\n";
    out += render(*diagnostic, color);
  }
  const std::size_t kept =
      static_cast<std::size_t>(std::count_if(sorted.begin(), sorted.end(), [](const Diagnostic* d) {
        return d->severity == Severity::error;
      }));
  if (diagnostics.error_count() > kept) {
    out += "\n" + std::to_string(diagnostics.error_count() - kept) + " more errors\n";
  }
  return out;
}

}  // namespace yurt::hcl
