// md5 sha1 sha256 sha512, as lower-case hexadecimal.
#include <openssl/evp.h>

#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

Function hash(const char* algorithm) {
  return {
      {string_parameter("str")}, {}, [algorithm](Arguments arguments, std::uint64_t) -> CallResult {
        const std::string& text = arguments[0].as_string();
        unsigned char digest[EVP_MAX_MD_SIZE];
        std::size_t length = 0;
        if (EVP_Q_digest(nullptr, algorithm, nullptr, text.data(), text.size(), digest, &length) !=
            1) {
          return call_error(std::string(algorithm) + " is not available on this system");
        }
        constexpr char digits[] = "0123456789abcdef";
        std::string out;
        for (std::size_t i = 0; i < length; ++i) {
          out += digits[digest[i] >> 4U];
          out += digits[digest[i] & 0xFU];
        }
        return Value::string(std::move(out));
      }};
}

}  // namespace

void add_hash_functions(FunctionTable& table) {
  table["md5"] = hash("MD5");
  table["sha1"] = hash("SHA1");
  table["sha256"] = hash("SHA256");
  table["sha512"] = hash("SHA512");
}

}  // namespace yurt::hcl
