// Image names: "redis", "redis:7", "registry:5000/team/app@sha256:…". Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::drivers::docker {

struct ImageName {
  std::string repository;  // "redis", "registry:5000/team/app"
  std::string tag;         // "7"; "" when a digest is given
  std::string digest;      // "sha256:…"

  // A name without tag means "latest". A leading http:// or https:// is dropped.
  [[nodiscard]] static Result<ImageName> parse(std::string_view text);

  // What names it completely: "redis:7", "app@sha256:…".
  [[nodiscard]] std::string text() const;
  // Who has it, as credentials are kept by: "registry:5000"; "docker.io" unless named.
  [[nodiscard]] std::string registry() const;
  // The name is expected to mean another image now and then, so a local copy may be outdated.
  [[nodiscard]] bool moves() const { return digest.empty() && tag == "latest"; }
};

}  // namespace yurt::drivers::docker
