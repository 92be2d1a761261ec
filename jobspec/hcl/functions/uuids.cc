// uuidv4 uuidv5 (RFC 9562)
#include <openssl/evp.h>

#include <algorithm>

#include "base/ids.h"
#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

std::optional<Uuid> name_space(const std::string& name) {
  if (name == "dns") return Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  if (name == "url") return Uuid::parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
  if (name == "oid") return Uuid::parse("6ba7b812-9dad-11d1-80b4-00c04fd430c8");
  if (name == "x500") return Uuid::parse("6ba7b814-9dad-11d1-80b4-00c04fd430c8");
  return Uuid::parse(name);
}

CallResult uuid_v5(Arguments arguments, std::uint64_t) {
  const auto space = name_space(arguments[0].as_string());
  if (!space) {
    return call_error("expected dns, url, oid, x500 or a UUID as the namespace, found \"" +
                          arguments[0].as_string() + "\"",
                      0);
  }
  const std::string hashed(space->bytes.begin(), space->bytes.end());
  const std::string input = hashed + arguments[1].as_string();
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t length = 0;
  if (EVP_Q_digest(nullptr, "SHA1", nullptr, input.data(), input.size(), digest, &length) != 1) {
    return call_error("SHA-1 is not available on this system");
  }
  Uuid uuid;
  std::copy_n(digest, uuid.bytes.size(), uuid.bytes.begin());
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0FU) | 0x50U);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3FU) | 0x80U);
  return Value::string(uuid.to_string());
}

}  // namespace

void add_uuid_functions(FunctionTable& table, Random& random) {
  table["uuidv4"] = {{}, {}, [&random](Arguments, std::uint64_t) {
                       return CallResult(Value::string(Uuid::generate(random).to_string()));
                     }};
  table["uuidv5"] = {{string_parameter("namespace"), string_parameter("name")}, {}, uuid_v5};
}

}  // namespace yurt::hcl
