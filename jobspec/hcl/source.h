// Source text and places in it.
//
// A Source is one file (or one -var value, one environment variable) kept whole; a Range is a span
// of bytes in it. Ranges share ownership of their Source, so a diagnostic may outlive the parse.
// Lines and columns count from 1; a column counts characters (code points), as editors do.
// Immutable after construction, so safe to share between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace yurt::hcl {

struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  bool operator==(const Position&) const = default;
};

class Source {
 public:
  Source(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Position position(std::uint32_t offset) const;
  // The line (counted from 1) without its line ending; empty beyond the last one.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;
  // The byte offset at which the line (counted from 1) starts.
  [[nodiscard]] std::uint32_t line_start(std::uint32_t number) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_starts_;
};
using SourcePtr = std::shared_ptr<const Source>;

[[nodiscard]] SourcePtr make_source(std::string name, std::string text);

// Bytes [begin, end) of a source. A default Range points nowhere (has no source).
struct Range {
  SourcePtr source;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] Position start() const;
  // "file:line:column", or "" for a Range that points nowhere.
  [[nodiscard]] std::string to_string() const;
  // The span from this range's begin to `last`'s end. REQUIRES: the same source.
  [[nodiscard]] Range through(const Range& last) const;
};

}  // namespace yurt::hcl
