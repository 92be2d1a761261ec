#include "base/random.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>

#include "base/assert.h"

namespace yurt {

std::uint64_t Random::below(std::uint64_t bound) {
  YURT_ASSERT(bound > 0);
  // Rejecting the incomplete last range keeps every result equally likely.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = next();
  while (value >= limit) value = next();
  return value % bound;
}

double Random::fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t SystemRandom::next() {
  std::lock_guard lock(mutex_);
  if (used_ == buffer_.size()) {
    auto* bytes = reinterpret_cast<char*>(buffer_.data());
    std::size_t filled = 0;
    while (filled < sizeof buffer_) {
      ssize_t got = getrandom(bytes + filled, sizeof buffer_ - filled, 0);
      YURT_ASSERT(got > 0 || errno == EINTR);
      if (got > 0) filled += static_cast<std::size_t>(got);
    }
    used_ = 0;
  }
  return buffer_[used_++];
}

}  // namespace yurt
