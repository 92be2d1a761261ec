// URLs: percent-decoding, and query strings into their parameters. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace yurt::server {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;  // in their order

struct Url {
  std::string path;   // decoded
  std::string query;  // as it came
  QueryParameters parameters;

  // The first parameter of that name.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

// A request's target ("/v1/job/a%2Fb?index=3"). invalid_argument for a wrong escape.
[[nodiscard]] Result<Url> parse_url(std::string_view target);
[[nodiscard]] Result<QueryParameters> parse_query(std::string_view query);

}  // namespace yurt::server
