#include "jobspec/hcl/token_stream.h"

namespace yurt::hcl {

TokenStream::TokenStream(std::string_view text, LexMode mode, SourcePtr source,
                         std::uint32_t offset, Range place)
    : text_(text),
      source_(std::move(source)),
      offset_(offset),
      place_(std::move(place)),
      tokens_(lex(text, mode)) {
  settle();
}

bool TokenStream::is_visible(const Token& token) const {
  switch (token.kind) {
    case TokenKind::line_comment:
    case TokenKind::block_comment: return false;
    case TokenKind::newline: return lines_visible_;
    default: return true;
  }
}

std::size_t TokenStream::visible_from(std::size_t index) const {
  while (!is_visible(tokens_[index])) ++index;  // the end of the file is visible
  return index;
}

void TokenStream::settle() { next_ = visible_from(taken_); }

TokenKind TokenStream::kind_after() const {
  if (kind() == TokenKind::end_of_file) return TokenKind::end_of_file;
  return tokens_[visible_from(next_ + 1)].kind;
}

Token TokenStream::take() {
  const Token token = tokens_[next_];
  if (token.kind != TokenKind::end_of_file) {
    taken_ = next_ + 1;
    last_end_ = token.end;
    settle();
  }
  return token;
}

bool TokenStream::at_keyword(std::string_view word) const {
  return kind() == TokenKind::identifier && text_of(peek()) == word;
}

std::string_view TokenStream::text_of(const Token& token) const {
  return text_between(token.begin, token.end);
}

std::string_view TokenStream::text_between(std::uint32_t begin, std::uint32_t end) const {
  return text_.substr(begin, end - begin);
}

Range TokenStream::range_of(const Token& token) const {
  return range_between(token.begin, token.end);
}

Range TokenStream::range_between(std::uint32_t begin, std::uint32_t end) const {
  if (place_.source) return place_;
  return {source_, begin + offset_, end + offset_};
}

TokenStream::Lines::Lines(TokenStream& stream, bool visible)
    : stream_(stream), before_(stream.lines_visible_) {
  stream_.lines_visible_ = visible;
  stream_.settle();
}

TokenStream::Lines::~Lines() {
  stream_.lines_visible_ = before_;
  stream_.settle();
}

}  // namespace yurt::hcl
