#include "server/variables/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "base/assert.h"

namespace yurt::server {
namespace {

constexpr std::size_t nonce_bytes = 12, tag_bytes = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  // Going on with bytes that somebody could guess would be worse than stopping.
  YURT_ASSERT(RAND_bytes(raw(out), static_cast<int>(count)) == 1);
  return out;
}

}  // namespace

std::string make_seal_key() { return random_bytes(seal_key_bytes); }

Sealed seal(std::string_view key, std::string_view plain, std::string_view additional) {
  YURT_ASSERT(key.size() == seal_key_bytes);
  Sealed out{random_bytes(nonce_bytes), std::string(plain.size() + tag_bytes, '\0')};
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool done =
      cipher &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(out.nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, raw(additional),
                        static_cast<int>(additional.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), raw(out.bytes), &length, raw(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), raw(out.bytes) + plain.size(), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                          raw(out.bytes) + plain.size()) == 1;
  YURT_ASSERT(done);
  return out;
}

Result<std::string> unseal(std::string_view key, std::string_view nonce, std::string_view sealed,
                           std::string_view additional) {
  const Error broken{ErrorCode::corrupt, "it cannot be opened with this key"};
  if (key.size() != seal_key_bytes || nonce.size() != nonce_bytes || sealed.size() < tag_bytes) {
    return broken;
  }
  const std::size_t size = sealed.size() - tag_bytes;
  std::string tag(sealed.substr(size));
  std::string plain(size, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool done =
      cipher &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, raw(additional),
                        static_cast<int>(additional.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), raw(plain), &length, raw(sealed), static_cast<int>(size)) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, raw(tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), raw(plain) + plain.size(), &length) == 1;
  if (!done) return broken;
  return plain;
}

}  // namespace yurt::server
