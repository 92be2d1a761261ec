// PullProgress: what the Engine says while it pulls an image, one JSON object a line, boiled down
// to a sentence. A value; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::drivers::docker {

class PullProgress {
 public:
  void feed(std::string_view bytes);

  // The pull has failed: not_found and permission_denied where another try can't help.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  // "2 of 5 layers, 12.0 of 40.0 MiB".
  [[nodiscard]] std::string summary() const;

 private:
  struct Layer {
    bool complete = false;
    std::int64_t current_bytes = 0;
    std::int64_t total_bytes = 0;
  };
  void take_line(std::string_view line);

  std::string pending_;
  std::map<std::string, Layer> layers_;
  std::optional<Error> error_;
};

// What a failure to pull means for another try, told from the registry's words.
[[nodiscard]] Error pull_error(const std::string& message);

}  // namespace yurt::drivers::docker
