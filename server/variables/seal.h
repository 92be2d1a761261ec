// Sealing: AES-256-GCM (NIST SP 800-38D) over OpenSSL, with a random 96-bit nonce for each message.
//
// What is sealed can be opened only with the same key and the same additional data, and not after
// any of it was changed. Pure but for the nonce, which the kernel's random numbers give;
// thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::server {

inline constexpr std::size_t seal_key_bytes = 32;

struct Sealed {
  std::string nonce;  // 12 bytes
  std::string bytes;  // the ciphertext, then the 16 bytes of the tag
};

// A new key, fit for secrets.
[[nodiscard]] std::string make_seal_key();

// REQUIRES: `key` has seal_key_bytes
[[nodiscard]] Sealed seal(std::string_view key, std::string_view plain,
                          std::string_view additional);

// corrupt when the key or the additional data is another, or something was changed.
[[nodiscard]] Result<std::string> unseal(std::string_view key, std::string_view nonce,
                                         std::string_view sealed, std::string_view additional);

}  // namespace yurt::server
