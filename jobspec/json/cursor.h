// Cursor: a place in a JSON text (RFC 8259) and the steps that move it on.
//
// Every step returns false after recording what was wrong and where; the first record stays. Not
// thread-safe. The text must outlive the cursor.
#pragma once

#include <string>
#include <string_view>

namespace yurt::json {

class Cursor {
 public:
  explicit Cursor(std::string_view text);

  // The next character that is no white space, or NUL at the end of the text.
  [[nodiscard]] char peek();
  [[nodiscard]] bool at_end();
  // What the next value is, with its article: "a number", "an object", "the end of the text".
  [[nodiscard]] const char* describe_next();

  // Moves past `c` when it is next.
  [[nodiscard]] bool skip_if(char c);
  [[nodiscard]] bool expect(char c, const char* where);
  // A string without its quotes, escapes resolved. Invalid UTF-8 and lone surrogates become U+FFFD.
  [[nodiscard]] bool string(std::string& out);
  // A number's characters.
  [[nodiscard]] bool number(std::string_view& out);
  // true or false.
  [[nodiscard]] bool boolean(bool& out);
  [[nodiscard]] bool null();
  // Any value, forgotten. `depth`: how many arrays and objects it may nest.
  [[nodiscard]] bool skip_value(int depth);

  // Records `message`, pointing at where the cursor is; always false.
  bool fail(std::string message);
  [[nodiscard]] bool failed() const { return !error_.empty(); }
  // "expected …, found … (line 3, column 14)"
  [[nodiscard]] const std::string& error() const { return error_; }
  // The same without the place, which is position(), in bytes.
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  void skip_space();
  bool word(std::string_view text);
  bool escape(std::string& out);
  bool hex4(std::uint32_t& out);

  std::string_view text_;
  std::size_t position_ = 0;
  std::string message_;
  std::string error_;
};

}  // namespace yurt::json
