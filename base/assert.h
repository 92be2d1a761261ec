// YURT_ASSERT(condition): a statement about the program itself that must hold in every build.
//
// Failing one is a bug: the process prints the condition and its place and aborts, since going on
// with a broken invariant could lose acknowledged data. Never use it for input or the environment.
#pragma once

namespace yurt {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace yurt

#define YURT_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::yurt::assertion_failed(#condition, __FILE__, __LINE__))
