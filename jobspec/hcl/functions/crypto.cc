// bcrypt rsadecrypt
#include <crypt.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "base/base64.h"
#include "jobspec/hcl/functions/registry.h"
#include "jobspec/hcl/unicode.h"

namespace yurt::hcl {
namespace {

constexpr std::int64_t default_cost = 10;
// Each step doubles the time, about a quarter of a second at 12: a file must not keep a server
// busy.
constexpr std::int64_t greatest_cost = 12;
constexpr std::size_t longest_password = 72;  // what bcrypt looks at

CallResult bcrypt(Arguments arguments, Random& random) {
  const std::string& password = arguments[0].as_string();
  std::int64_t cost = default_cost;
  if (arguments.size() > 2) return call_error("bcrypt takes no more than two arguments", 2);
  if (arguments.size() == 2) {
    const auto given = whole(arguments[1]);
    if (!given || *given < 4 || *given > greatest_cost) {
      return call_error(
          "the cost must be a whole number between 4 and " + std::to_string(greatest_cost), 1);
    }
    cost = *given;
  }
  if (password.size() > longest_password) {
    return call_error("bcrypt uses the first 72 bytes of a password only; this one is longer", 0);
  }
  if (password.find('\0') != std::string::npos) {
    return call_error("the password contains a NUL character", 0);
  }
  std::string entropy;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t bits = random.next();
    for (unsigned shift = 0; shift < 64; shift += 8) entropy += static_cast<char>(bits >> shift);
  }
  crypt_data data{};
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$2a$", static_cast<unsigned long>(cost), entropy.data(),
                       static_cast<int>(entropy.size()), setting, sizeof setting) == nullptr) {
    return call_error("this system's libcrypt has no bcrypt");
  }
  const char* hashed = crypt_r(password.c_str(), setting, &data);
  if (hashed == nullptr || hashed[0] == '*') {
    return call_error("this system's libcrypt has no bcrypt");
  }
  return Value::string(hashed);
}

struct FreeOpenSsl {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};

// Without this OpenSSL would ask for an encrypted key's password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

CallResult rsa_decrypt(Arguments arguments, std::uint64_t) {
  const auto cipher_text = base64_decode(arguments[0].as_string());
  if (!cipher_text.ok()) {
    return call_error("failed to decode input: cipher text must be base64-encoded", 0);
  }
  const std::string& pem = arguments[1].as_string();
  const std::unique_ptr<BIO, FreeOpenSsl> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<EVP_PKEY, FreeOpenSsl> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return call_error("failed to parse key: expected an RSA private key in PEM form, unencrypted",
                      1);
  }
  const std::unique_ptr<EVP_PKEY_CTX, FreeOpenSsl> context(EVP_PKEY_CTX_new(key.get(), nullptr));
  const auto* input = reinterpret_cast<const unsigned char*>(cipher_text->data());
  std::size_t length = 0;
  if (!context || EVP_PKEY_decrypt_init(context.get()) <= 0 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) <= 0 ||
      EVP_PKEY_decrypt(context.get(), nullptr, &length, input, cipher_text->size()) <= 0) {
    return call_error("failed to decrypt");
  }
  std::string out(length, '\0');
  if (EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, input,
                       cipher_text->size()) <= 0) {
    return call_error("failed to decrypt: the text was not encrypted for this key");
  }
  out.resize(length);
  if (!is_valid_utf8(out)) return call_error("the decrypted text is not valid UTF-8");
  return Value::string(std::move(out));
}

}  // namespace

void add_crypto_functions(FunctionTable& table, Random& random) {
  Function bcrypt_function{
      {string_parameter("str")},
      number_parameter("cost"),
      [&random](Arguments arguments, std::uint64_t) { return bcrypt(arguments, random); }};
  bcrypt_function.extra_work = 8 << 20;
  table["bcrypt"] = std::move(bcrypt_function);
  Function rsa_function{
      {string_parameter("ciphertext"), string_parameter("privatekey")}, {}, rsa_decrypt};
  rsa_function.extra_work = 256 << 10;
  table["rsadecrypt"] = std::move(rsa_function);
}

}  // namespace yurt::hcl
