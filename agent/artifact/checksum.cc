#include "agent/artifact/checksum.h"

#include <openssl/evp.h>

#include <cctype>
#include <fstream>
#include <memory>
#include <vector>

namespace yurt::agent {

Status verify_checksum(const std::filesystem::path& file, const std::string& expected) {
  const std::size_t colon = expected.find(':');
  const std::string kind = expected.substr(0, std::min(colon, expected.size()));
  const EVP_MD* digest = kind == "md5"      ? EVP_md5()
                         : kind == "sha1"   ? EVP_sha1()
                         : kind == "sha256" ? EVP_sha256()
                         : kind == "sha512" ? EVP_sha512()
                                            : nullptr;
  if (colon == std::string::npos || digest == nullptr) {
    return Error{
        ErrorCode::invalid_argument,
        "checksum \"" + expected + "\": expected md5:, sha1:, sha256: or sha512: and hex digits"};
  }
  std::string wanted = expected.substr(colon + 1);
  for (char& c : wanted) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (wanted.size() != static_cast<std::size_t>(EVP_MD_size(digest)) * 2 ||
      wanted.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Error{ErrorCode::invalid_argument, "checksum \"" + expected + "\": " + kind + " takes " +
                                                  std::to_string(EVP_MD_size(digest) * 2) +
                                                  " hex digits"};
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error{ErrorCode::io, "can't read what was downloaded"};
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), digest, nullptr);
  std::vector<char> buffer(1 << 20);
  while (stream) {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(stream.gcount()));
  }
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &size);
  std::string actual;
  for (unsigned i = 0; i < size; ++i) {
    actual += "0123456789abcdef"[bytes[i] >> 4];
    actual += "0123456789abcdef"[bytes[i] & 15];
  }
  if (actual == wanted) return {};
  return Error{ErrorCode::corrupt,
               "the checksum does not match: expected " + kind + ":" + wanted + ", got " + actual};
}

}  // namespace yurt::agent
