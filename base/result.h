// Result<T>: the outcome of an operation that can fail for reasons outside the program's control.
//
// An Error carries a code (what kind of failure, for programs) and a sentence (for the person who
// reads it: what was wrong and, where known, what to do). Bugs are not Errors: use YURT_ASSERT.
// Exceptions never cross a module border; a function that calls a throwing library turns what it
// throws into an Error. Values of these types may be moved between threads freely.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace yurt {

enum class ErrorCode {
  invalid_argument,     // the caller's input is wrong; retrying the same call can't help
  not_found,            // the named object does not exist
  already_exists,       // the named object exists and must not
  failed_precondition,  // the system is not in a state that allows the operation
  conflict,             // somebody else changed the object first (check-and-set)
  permission_denied,    // the caller may not do this
  resource_exhausted,   // a limit was reached
  unavailable,          // no leader, no connection, shutting down: try again
  deadline_exceeded,    // the time allowed has passed; the outcome may be unknown
  unimplemented,        // a known feature this build does not have
  io,                   // the operating system refused: disk, network, process
  corrupt,              // stored data is not what was written
  internal,             // a bug or an impossible state, reported instead of crashing
};

// The code's name in lower_snake_case, e.g. "not_found".
[[nodiscard]] const char* name_of(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;

  // The same error with `context` and ": " put before its message.
  [[nodiscard]] Error within(const std::string& context) const {
    return {code, context + ": " + message};
  }
};

// An Error for a failed system call: `what` and the text of `error_number` (an errno value).
[[nodiscard]] Error system_error(const std::string& what, int error_number);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  [[nodiscard]] T& value() & { return YURT_ASSERT(ok()), std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return YURT_ASSERT(ok()), std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return YURT_ASSERT(ok()), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok()
  [[nodiscard]] const Error& error() const { return YURT_ASSERT(!ok()), std::get<1>(state_); }

  [[nodiscard]] T value_or(T fallback) const& { return ok() ? value() : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  // REQUIRES: !ok()
  [[nodiscard]] const Error& error() const { return YURT_ASSERT(!ok()), *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace yurt

#define YURT_CONCAT_INNER(a, b) a##b
#define YURT_CONCAT(a, b) YURT_CONCAT_INNER(a, b)

// Returns the error from the enclosing function unless `expression` (a Result) is ok.
#define YURT_TRY(expression)                                  \
  do {                                                        \
    if (auto yurt_status = (expression); !yurt_status.ok()) { \
      return yurt_status.error();                             \
    }                                                         \
  } while (false)

// YURT_ASSIGN(auto x, f()): x is f()'s value, or the enclosing function returns f()'s error.
#define YURT_ASSIGN(declaration, expression) \
  YURT_ASSIGN_INNER(YURT_CONCAT(yurt_result_, __LINE__), declaration, expression)
#define YURT_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return result.error();                 \
  declaration = std::move(result).value()
