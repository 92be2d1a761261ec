// Number: HCL's one number type. Integers that fit int64 are exact and cheap; all else is a binary
// float of 512 bits, as in Nomad's evaluator, so 0.1 + 0.2 prints 0.3 and 20-digit integers stay
// what they are. Immutable; safe to share between threads. There is no NaN and no infinity:
// an operation that would give one (or leaves ±10^±max_exponent) returns nullopt.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace yurt::hcl {

class Number {
 public:
  static constexpr int max_exponent = 400;

  Number() = default;
  Number(std::int64_t value) : small_(value) {}  // NOLINT: implicit
  // nullopt when `value` is not finite.
  [[nodiscard]] static std::optional<Number> from_double(double value);
  // Decimal digits with optional sign, fraction and exponent ("-1.5e3"), nothing around them.
  [[nodiscard]] static std::optional<Number> parse(std::string_view text);
  // Integer digits in a base from 2 to 62 (letters beyond 9, lower case first), optional sign.
  [[nodiscard]] static std::optional<Number> parse_integer(std::string_view text, int base);

  [[nodiscard]] bool is_integer() const;
  [[nodiscard]] bool is_zero() const { return !wide_ && small_ == 0; }
  [[nodiscard]] int sign() const;
  // The exact value; nullopt when it has a fraction or does not fit.
  [[nodiscard]] std::optional<std::int64_t> as_int64() const;
  // The nearest double; values beyond its range become ±infinity.
  [[nodiscard]] double as_double() const;
  // Shortest decimal notation without exponent: "10", "1.5", "-0.25".
  [[nodiscard]] std::string to_string() const;
  // An integer's digits in base 2, 8 or 16 (lower case), with sign. REQUIRES: is_integer()
  [[nodiscard]] std::string to_base(int base) const;

  [[nodiscard]] std::optional<Number> plus(const Number& other) const;
  [[nodiscard]] std::optional<Number> minus(const Number& other) const;
  [[nodiscard]] std::optional<Number> times(const Number& other) const;
  [[nodiscard]] std::optional<Number> over(const Number& other) const;
  // The remainder with the dividend's sign, as Go's %.
  [[nodiscard]] std::optional<Number> modulo(const Number& other) const;
  [[nodiscard]] std::optional<Number> power(const Number& exponent) const;
  [[nodiscard]] std::optional<Number> logarithm(const Number& base) const;
  [[nodiscard]] Number negated() const;
  [[nodiscard]] Number floor() const;
  [[nodiscard]] Number ceil() const;
  // Toward zero.
  [[nodiscard]] Number truncated() const;

  // Negative, zero or positive as *this is below, equal to or above `other`.
  [[nodiscard]] int compare(const Number& other) const;
  bool operator==(const Number& other) const { return compare(other) == 0; }
  bool operator<(const Number& other) const { return compare(other) < 0; }

 private:
  struct Wide;
  static std::optional<Number> from_wide(const Wide& value);

  std::int64_t small_ = 0;
  std::shared_ptr<const Wide> wide_;  // set when the value is not an int64
};

}  // namespace yurt::hcl
