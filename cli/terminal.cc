#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace yurt::cli {
namespace {

const char* code_of(Color color) {
  switch (color) {
    case Color::plain: return "";
    case Color::bold: return "\033[1m";
    case Color::green: return "\033[32m";
    case Color::red: return "\033[31m";
    case Color::yellow: return "\033[33m";
    case Color::cyan: return "\033[36m";
    case Color::faint: return "\033[2m";
  }
  return "";
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// Characters as a terminal shows them: no colour codes, no UTF-8 continuation bytes.
std::size_t shown_width(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      while (i < text.size() && text[i] != 'm') ++i;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++width;
    }
  }
  return width;
}

// The first `width` characters as a terminal shows them; colours are ended where it is cut.
std::string cut(const std::string& text, std::size_t width) {
  if (shown_width(text) <= width) return text;
  std::size_t shown = 0, at = 0;
  bool colored = false;
  while (at < text.size() && shown + 1 < width) {
    if (text[at] == '\033') {
      colored = true;
      while (at < text.size() && text[at] != 'm') ++at;
      ++at;
      continue;
    }
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    ++shown;
  }
  return text.substr(0, at) + "…" + (colored ? "\033[0m" : "");
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

Terminal::Terminal()
    : interactive_(isatty(STDOUT_FILENO) != 0),
      color_(is_set("NOMAD_CLI_FORCE_COLOR") ||
             (interactive_ && !is_set("NO_COLOR") && !is_set("NOMAD_CLI_NO_COLOR"))) {}

std::string Terminal::paint(Color color, const std::string& text) const {
  if (!color_ || color == Color::plain || text.empty()) return text;
  return code_of(color) + text + "\033[0m";
}

void Terminal::print(const std::string& line) const {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void Terminal::print_error(const std::string& line) const {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

void Terminal::redraw(const std::vector<std::string>& lines) {
  std::string out;
  const std::size_t width = terminal_width();
  if (drawn_ > 0) out += "\033[" + std::to_string(drawn_) + "A";
  for (const std::string& line : lines) out += "\033[2K" + cut(line, width) + "\n";
  if (lines.size() < drawn_) out += "\033[J";
  drawn_ = lines.size();
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

std::string table(const Terminal& terminal, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], shown_width(row[i]));
    }
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      line += rows[r][i];
      if (i + 1 < rows[r].size()) line.append(widths[i] + 2 - shown_width(rows[r][i]), ' ');
    }
    if (r > 0) out += '\n';
    out += r == 0 ? terminal.paint(Color::bold, line) : line;
  }
  return out;
}

std::string key_values(const Terminal& terminal,
                       const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [key, value] : rows) width = std::max(width, shown_width(key));
  std::string out;
  for (const auto& [key, value] : rows) {
    if (!out.empty()) out += '\n';
    out += terminal.paint(Color::bold, key) + std::string(width - shown_width(key), ' ') + " = " +
           value;
  }
  return out;
}

}  // namespace yurt::cli
