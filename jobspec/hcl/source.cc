#include "jobspec/hcl/source.h"

#include <algorithm>

#include "base/assert.h"

namespace yurt::hcl {

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

Position Source::position(std::uint32_t offset) const {
  offset = std::min<std::uint32_t>(offset, static_cast<std::uint32_t>(text_.size()));
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<std::uint32_t>(after - line_starts_.begin());
  std::uint32_t column = 1;
  for (std::uint32_t i = line_starts_[line - 1]; i < offset; ++i) {
    // Continuation bytes belong to the character before them.
    if ((static_cast<unsigned char>(text_[i]) & 0xC0U) != 0x80U) ++column;
  }
  return {line, column};
}

std::string_view Source::line(std::uint32_t number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  const std::size_t begin = line_starts_[number - 1];
  std::size_t end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(begin, end - begin);
}

std::uint32_t Source::line_start(std::uint32_t number) const {
  YURT_ASSERT(number >= 1 && number <= line_starts_.size());
  return line_starts_[number - 1];
}

SourcePtr make_source(std::string name, std::string text) {
  return std::make_shared<const Source>(std::move(name), std::move(text));
}

std::string_view Range::text() const {
  if (!source) return {};
  return std::string_view(source->text()).substr(begin, end - begin);
}

Position Range::start() const { return source ? source->position(begin) : Position{}; }

std::string Range::to_string() const {
  if (!source) return "";
  const Position place = start();
  return source->name() + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

Range Range::through(const Range& last) const {
  YURT_ASSERT(source == last.source);
  return {source, begin, std::max(end, last.end)};
}

}  // namespace yurt::hcl
