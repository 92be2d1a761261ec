// TokenStream: the parser's view of the tokens. Comments are invisible; line ends are visible only
// where they mean something (between attributes, blocks and object items). Not thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "jobspec/hcl/source.h"
#include "jobspec/hcl/token.h"

namespace yurt::hcl {

class TokenStream {
 public:
  // `text` is what was lexed. All ranges are `place` when that has a source (the text is not
  // verbatim in any file), else true ranges of `source` shifted by `offset`.
  TokenStream(std::string_view text, LexMode mode, SourcePtr source, std::uint32_t offset,
              Range place);

  [[nodiscard]] const Token& peek() const { return tokens_[next_]; }
  [[nodiscard]] TokenKind kind() const { return tokens_[next_].kind; }
  // The kind of the visible token after the next one.
  [[nodiscard]] TokenKind kind_after() const;
  // The next token, which is then passed (the end of the file never is).
  Token take();
  [[nodiscard]] bool at_keyword(std::string_view word) const;

  [[nodiscard]] std::string_view text_of(const Token& token) const;
  [[nodiscard]] std::string_view text_between(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] Range range_of(const Token& token) const;
  [[nodiscard]] Range range_between(std::uint32_t begin, std::uint32_t end) const;
  // The end of the token taken last.
  [[nodiscard]] std::uint32_t last_end() const { return last_end_; }

  // While one exists, line ends are visible or not as it says.
  class Lines {
   public:
    Lines(TokenStream& stream, bool visible);
    ~Lines();
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

   private:
    TokenStream& stream_;
    bool before_;
  };

 private:
  [[nodiscard]] bool is_visible(const Token& token) const;
  [[nodiscard]] std::size_t visible_from(std::size_t index) const;
  void settle();

  std::string_view text_;
  SourcePtr source_;
  std::uint32_t offset_;
  Range place_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;   // visible
  std::size_t taken_ = 0;  // one past the token taken last
  std::uint32_t last_end_ = 0;
  bool lines_visible_ = true;
};

}  // namespace yurt::hcl
