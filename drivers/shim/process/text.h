// Text<capacity>: a NUL-terminated text in place, for paths and small files. The shim neither
// allocates nor throws; a text that would not fit is cut and remembers it (`overflowed`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace yurt::shim {

template <std::size_t capacity>
class Text {
 public:
  Text& append(const char* text) { return append(text, std::strlen(text)); }
  Text& append(const char* text, std::size_t length) {
    if (length >= capacity - size_) {
      length = capacity - size_ - 1;
      overflowed_ = true;
    }
    std::memcpy(data_ + size_, text, length);
    size_ += length;
    data_[size_] = '\0';
    return *this;
  }
  Text& append(std::int64_t number) {
    char digits[24];
    std::size_t at = sizeof digits;
    const bool negative = number < 0;
    std::uint64_t rest =
        negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (negative) digits[--at] = '-';
    return append(digits + at, sizeof digits - at);
  }

  [[nodiscard]] const char* c_str() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  char data_[capacity] = {};
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

// Reads a decimal number at the front of `text` and moves past it; -1 when there is none.
inline std::int64_t take_number(const char*& text) {
  if (*text < '0' || *text > '9') return -1;
  std::int64_t number = 0;
  while (*text >= '0' && *text <= '9') number = number * 10 + (*text++ - '0');
  return number;
}

}  // namespace yurt::shim
