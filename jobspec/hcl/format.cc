#include "jobspec/hcl/format.h"

#include <algorithm>

#include "jobspec/hcl/format_lines.h"
#include "jobspec/hcl/parse.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

// A line's three columns: what is assigned to, "= value", and the comment at its end.
struct Cells {
  std::string lead, assigned, comment;
  std::size_t indent = 0;
  bool opens_bracket = false;

  [[nodiscard]] bool several_lines() const {
    return lead.find('\n') != std::string::npos || assigned.find('\n') != std::string::npos;
  }
};

std::string join(const std::vector<Atom>& atoms, std::size_t begin, std::size_t end) {
  std::string out;
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin && space_before(atoms, i)) out += ' ';
    out += atoms[i].text;
  }
  return out;
}

Cells to_cells(const FormatLine& line) {
  Cells cells;
  const std::size_t end = line.atoms.size() - (line.ends_in_comment() ? 1 : 0);
  const std::size_t assignment = find_assignment(line);
  const std::size_t lead_end = assignment > 0 ? assignment : end;
  cells.indent = line.indent * 2;
  cells.opens_bracket = line.opens_bracket;
  cells.lead = join(line.atoms, 0, lead_end);
  cells.assigned = join(line.atoms, lead_end, end);
  if (line.ends_in_comment()) cells.comment = line.atoms.back().text;
  return cells;
}

// Pads `lead` of neighbouring assignments of one depth to the same width.
void align_assignments(std::vector<Cells>& lines) {
  const auto joins = [&](std::size_t i) {
    return !lines[i].assigned.empty() && lines[i].lead.find('\n') == std::string::npos;
  };
  for (std::size_t begin = 0; begin < lines.size();) {
    std::size_t end = begin, width = 0;
    while (end < lines.size() && joins(end) && lines[end].indent == lines[begin].indent) {
      width = std::max(width, count_graphemes(lines[end].lead));
      // What follows the first line of several is inside it.
      if (lines[end].opens_bracket || lines[end].several_lines()) {
        ++end;
        break;
      }
      ++end;
    }
    for (std::size_t i = begin; i < end; ++i) {
      lines[i].lead.append(width - count_graphemes(lines[i].lead) + 1, ' ');
    }
    begin = std::max(end, begin + 1);
  }
}

// The columns a line takes up to its comment.
std::size_t width_of(const Cells& cells) {
  return cells.indent + count_graphemes(cells.lead) + count_graphemes(cells.assigned);
}

void align_comments(std::vector<Cells>& lines) {
  const auto joins = [&](std::size_t i) {
    return !lines[i].comment.empty() && !lines[i].several_lines();
  };
  for (std::size_t begin = 0; begin < lines.size();) {
    std::size_t end = begin, width = 0;
    for (; end < lines.size() && joins(end); ++end) width = std::max(width, width_of(lines[end]));
    for (std::size_t i = begin; i < end; ++i) {
      std::string& last = lines[i].assigned.empty() ? lines[i].lead : lines[i].assigned;
      last.append(width - width_of(lines[i]) + 1, ' ');
    }
    if (end == begin && !lines[begin].comment.empty()) lines[begin].assigned += ' ';
    begin = std::max(end, begin + 1);
  }
}

}  // namespace

std::string format_source(const SourcePtr& source, Diagnostics& diagnostics) {
  const std::string& text = source->text();
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] == '{') return text;
  const std::size_t errors_before = diagnostics.error_count();
  static_cast<void>(parse_body(source, diagnostics));
  if (diagnostics.error_count() > errors_before) return text;

  std::vector<Cells> lines;
  for (const FormatLine& line : split_lines(text)) lines.push_back(to_cells(line));
  align_assignments(lines);
  align_comments(lines);
  std::string out;
  for (const Cells& cells : lines) {
    const bool empty = cells.lead.empty() && cells.assigned.empty() && cells.comment.empty();
    if (!empty) {
      out.append(cells.indent, ' ');
      out += cells.lead + cells.assigned + cells.comment;
    }
    out += '\n';
  }
  // The last line ends the file once.
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace yurt::hcl
