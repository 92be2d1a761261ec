// Terminal: where a command prints. Colours and live redrawing only when a person is looking.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace yurt::cli {

enum class Color { plain, bold, green, red, yellow, cyan, faint };

class Terminal {
 public:
  // Looks at the environment: is standard output a terminal, NO_COLOR, NOMAD_CLI_NO_COLOR,
  // NOMAD_CLI_FORCE_COLOR.
  Terminal();

  void set_color(bool color) { color_ = color; }
  [[nodiscard]] bool interactive() const { return interactive_; }
  [[nodiscard]] bool color() const { return color_; }
  // `text` in `color`, or as it is when there are no colours here.
  [[nodiscard]] std::string paint(Color color, const std::string& text) const;

  void print(const std::string& line) const;        // to standard output, with a newline
  void print_error(const std::string& line) const;  // to standard error, with a newline

  // Draws `lines` in place of those drawn by the last call. Lines too long for the terminal are
  // cut, since a line that wraps can't be drawn over. REQUIRES: interactive()
  void redraw(const std::vector<std::string>& lines);
  // Leaves what was drawn where it is: the next redraw() starts below it.
  void keep_drawn() { drawn_ = 0; }

 private:
  bool interactive_ = false;
  bool color_ = false;
  std::size_t drawn_ = 0;
};

using Row = std::vector<std::string>;
// Columns padded to their widest cell, two spaces apart; the first row is the header. Cells may
// hold colours: their codes do not count.
[[nodiscard]] std::string table(const Terminal& terminal, const std::vector<Row>& rows);
// "Key   = value" lines, aligned.
[[nodiscard]] std::string key_values(const Terminal& terminal,
                                     const std::vector<std::pair<std::string, std::string>>& rows);

}  // namespace yurt::cli
