// CsvRecords: comma-separated values (RFC 4180) with the place of every field.
//
// Quoted fields may hold commas, doubled quotes and line ends. Empty lines are no records. Not
// thread-safe; the text must outlive the reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace yurt::jobspec {

struct CsvField {
  std::string text;
  std::uint32_t begin = 0, end = 0;  // bytes [begin, end) of the text, quotes included
};

class CsvRecords {
 public:
  explicit CsvRecords(std::string_view text);

  // The next record; false at the end, and after a problem.
  [[nodiscard]] bool next(std::vector<CsvField>& record);

  // What is wrong at place(); "" when nothing is.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::uint32_t place() const { return static_cast<std::uint32_t>(at_); }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const;
  // How many bytes the line end here has; 0 when there is none.
  [[nodiscard]] std::size_t line_end() const;
  [[nodiscard]] bool at_field_end() const;
  bool read_plain(std::string& field);
  bool read_quoted(std::string& field);
  bool fail(std::string what);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace yurt::jobspec
