#include "jobspec/hcl/number.h"

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/assert.h"

namespace yurt::hcl {

namespace mp = boost::multiprecision;
using Float = mp::number<mp::cpp_bin_float<512, mp::digit_base_2>, mp::et_off>;

struct Number::Wide {
  Float value;
};

namespace {

constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
// Beyond this many characters a number could not be told from its neighbours anyway.
constexpr std::size_t longest_digits = 1000;

bool in_range(const Float& value) {
  static const Float top = mp::pow(Float(10), Number::max_exponent);
  static const Float bottom = Float(1) / top;
  if (!mp::isfinite(value)) return false;
  const Float magnitude = mp::abs(value);
  return magnitude == 0 || (magnitude <= top && magnitude >= bottom);
}

std::string trim_fraction(std::string digits) {
  if (digits.find('.') == std::string::npos) return digits;
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

// "[-]d.ddde±x" with insignificant zeros cut, as plain decimal notation.
std::string plain_notation(const std::string& scientific) {
  const std::size_t e = scientific.find('e');
  std::string mantissa = scientific.substr(0, e);
  int exponent = std::stoi(scientific.substr(e + 1));
  std::string sign;
  if (mantissa[0] == '-') {
    sign = "-";
    mantissa.erase(0, 1);
  }
  std::string digits;
  for (const char c : mantissa) {
    if (c != '.') digits += c;
  }
  digits.erase(std::max<std::size_t>(1, digits.find_last_not_of('0') + 1));
  const int point = exponent + 1;  // digits before the decimal point
  const int count = static_cast<int>(digits.size());
  if (point <= 0) return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (point >= count)
    return sign + digits + std::string(static_cast<std::size_t>(point - count), '0');
  return sign + digits.substr(0, static_cast<std::size_t>(point)) + "." +
         digits.substr(static_cast<std::size_t>(point));
}

bool is_decimal(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > begin;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  if (!digits()) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t begin = i;
    if (!digits() || i - begin > 6) return false;
  }
  return i == text.size();
}

}  // namespace

std::optional<Number> Number::from_wide(const Wide& wide) {
  const Float& value = wide.value;
  if (!in_range(value)) return std::nullopt;
  Number result;
  if (value >= Float(smallest) && value <= Float(largest) && mp::trunc(value) == value) {
    result.small_ = value.convert_to<std::int64_t>();
  } else {
    result.wide_ = std::make_shared<const Wide>(wide);
  }
  return result;
}

std::optional<Number> Number::from_double(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return from_wide({Float(value)});
}

std::optional<Number> Number::parse(std::string_view text) {
  if (text.size() > longest_digits || !is_decimal(text)) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  std::int64_t small = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), small);
  if (error == std::errc() && end == text.data() + text.size()) return Number(small);
  return from_wide({Float(std::string(text))});
}

std::optional<Number> Number::parse_integer(std::string_view text, int base) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text.size() > longest_digits || base < 2 || base > 62) return std::nullopt;
  Float value = 0;
  for (const char c : text) {
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'z') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') digit = c - 'A' + (base <= 36 ? 10 : 36);
    if (digit < 0 || digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return from_wide({negative ? Float(-value) : value});
}

bool Number::is_integer() const { return !wide_ || mp::trunc(wide_->value) == wide_->value; }

int Number::sign() const {
  if (wide_) return wide_->value < 0 ? -1 : 1;
  return small_ < 0 ? -1 : (small_ > 0 ? 1 : 0);
}

std::optional<std::int64_t> Number::as_int64() const {
  return wide_ ? std::nullopt : std::optional<std::int64_t>(small_);
}

double Number::as_double() const {
  return wide_ ? wide_->value.convert_to<double>() : static_cast<double>(small_);
}

std::string Number::to_string() const {
  if (!wide_) return std::to_string(small_);
  const Float& value = wide_->value;
  if (is_integer() && mp::abs(value) < mp::pow(Float(10), 150)) {
    return trim_fraction(value.str(0, std::ios_base::fixed));
  }
  // 512 bits hold 154 decimal digits; cutting a few hides the rounding of decimal fractions.
  constexpr int significant_digits = 150;
  return plain_notation(value.str(significant_digits - 1, std::ios_base::scientific));
}

std::string Number::to_base(int base) const {
  YURT_ASSERT(is_integer() && base >= 2 && base <= 16);
  Float rest = wide_ ? mp::abs(wide_->value) : mp::abs(Float(small_));
  if (rest == 0) return "0";
  std::string digits;
  while (rest > 0) {
    const Float quotient = mp::trunc(rest / base);
    const int digit = Float(rest - quotient * base).convert_to<int>();
    digits += "0123456789abcdef"[digit];
    rest = quotient;
  }
  if (sign() < 0) digits += '-';
  return {digits.rbegin(), digits.rend()};
}

namespace {
template <typename Wide>
Float widen(std::int64_t small, const std::shared_ptr<const Wide>& wide) {
  return wide ? wide->value : Float(small);
}
}  // namespace

std::optional<Number> Number::plus(const Number& other) const {
  std::int64_t sum = 0;
  if (!wide_ && !other.wide_ && !__builtin_add_overflow(small_, other.small_, &sum)) return sum;
  return from_wide({widen(small_, wide_) + widen(other.small_, other.wide_)});
}

std::optional<Number> Number::minus(const Number& other) const {
  std::int64_t difference = 0;
  if (!wide_ && !other.wide_ && !__builtin_sub_overflow(small_, other.small_, &difference)) {
    return difference;
  }
  return from_wide({widen(small_, wide_) - widen(other.small_, other.wide_)});
}

std::optional<Number> Number::times(const Number& other) const {
  std::int64_t product = 0;
  if (!wide_ && !other.wide_ && !__builtin_mul_overflow(small_, other.small_, &product)) {
    return product;
  }
  return from_wide({widen(small_, wide_) * widen(other.small_, other.wide_)});
}

std::optional<Number> Number::over(const Number& other) const {
  if (other.is_zero()) return std::nullopt;
  return from_wide({widen(small_, wide_) / widen(other.small_, other.wide_)});
}

std::optional<Number> Number::modulo(const Number& other) const {
  if (other.is_zero()) return std::nullopt;
  if (!wide_ && !other.wide_) return other.small_ == -1 ? 0 : small_ % other.small_;
  return from_wide({mp::fmod(widen(small_, wide_), widen(other.small_, other.wide_))});
}

std::optional<Number> Number::power(const Number& exponent) const {
  const auto whole = exponent.as_int64();
  if (whole && *whole >= -10'000 && *whole <= 10'000) {
    if (is_zero() && *whole < 0) return std::nullopt;
    return from_wide({mp::pow(widen(small_, wide_), static_cast<int>(*whole))});
  }
  return from_double(std::pow(as_double(), exponent.as_double()));
}

std::optional<Number> Number::logarithm(const Number& base) const {
  return from_double(std::log(as_double()) / std::log(base.as_double()));
}

Number Number::negated() const {
  if (!wide_ && small_ != smallest) return -small_;
  return from_wide({-widen(small_, wide_)}).value();
}

Number Number::floor() const {
  return wide_ ? from_wide({mp::floor(wide_->value)}).value() : *this;
}

Number Number::ceil() const { return wide_ ? from_wide({mp::ceil(wide_->value)}).value() : *this; }

Number Number::truncated() const {
  return wide_ ? from_wide({mp::trunc(wide_->value)}).value() : *this;
}

int Number::compare(const Number& other) const {
  if (!wide_ && !other.wide_) return small_ < other.small_ ? -1 : (small_ > other.small_ ? 1 : 0);
  return widen(small_, wide_).compare(widen(other.small_, other.wide_));
}

}  // namespace yurt::hcl
