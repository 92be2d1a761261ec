// Random: chance as an input, so that a seed replays a run exactly.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

namespace yurt {

class Random {
 public:
  virtual ~Random() = default;
  // 64 uniformly distributed bits.
  [[nodiscard]] virtual std::uint64_t next() = 0;
  // Uniform in [0, bound). REQUIRES: bound > 0
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  [[nodiscard]] double fraction();
};

// xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64. Same seed, same sequence on
// every machine. Not for secrets. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 4> state_;
};

// The kernel's random numbers (getrandom), buffered; fit for IDs and secrets. Thread-safe.
class SystemRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::mutex mutex_;
  std::array<std::uint64_t, 512> buffer_{};
  std::size_t used_ = buffer_.size();
};

}  // namespace yurt
