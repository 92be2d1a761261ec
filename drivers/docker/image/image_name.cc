#include "drivers/docker/image/image_name.h"

#include <cctype>

namespace yurt::drivers::docker {

Result<ImageName> ImageName::parse(std::string_view text) {
  const Error wrong{ErrorCode::invalid_argument,
                    "\"" + std::string(text) + "\" is no image name (e.g. \"redis:7\")"};
  for (const std::string_view scheme : {"https://", "http://", "docker://"}) {
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  }
  ImageName name;
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    name.digest = text.substr(at + 1);
    text = text.substr(0, at);
    if (name.digest.find(':') == std::string::npos) return wrong;
  }
  const std::size_t slash = text.rfind('/');
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    name.tag = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (name.tag.empty()) return wrong;
  }
  if (!name.digest.empty()) {
    name.tag.clear();
  } else if (name.tag.empty()) {
    name.tag = "latest";
  }
  name.repository = text;
  constexpr std::string_view allowed = "._-/:";
  for (const std::string& part : {name.repository, name.tag, name.digest}) {
    for (const char c : part) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
          allowed.find(c) == std::string_view::npos) {
        return wrong;
      }
    }
  }
  if (name.repository.empty() || name.repository.front() == '/' || name.repository.back() == '/') {
    return wrong;
  }
  return name;
}

std::string ImageName::text() const {
  return repository + (digest.empty() ? ":" + tag : "@" + digest);
}

std::string ImageName::registry() const {
  const std::size_t slash = repository.find('/');
  const std::string first = repository.substr(0, slash);
  const bool names_host = slash != std::string::npos &&
                          (first.find_first_of(".:") != std::string::npos || first == "localhost");
  return names_host ? first : "docker.io";
}

}  // namespace yurt::drivers::docker
