#include "drivers/docker/image/pull_progress.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace yurt::drivers::docker {
namespace {

constexpr double pull_mib = 1024.0 * 1024.0;

}  // namespace

Error pull_error(const std::string& message) {
  for (const char* hopeless : {"not found", "manifest unknown", "repository does not exist",
                               "invalid reference", "no matching manifest"}) {
    if (message.find(hopeless) != std::string::npos) return {ErrorCode::not_found, message};
  }
  for (const char* refused : {"denied", "unauthorized", "no basic auth credentials"}) {
    if (message.find(refused) != std::string::npos) return {ErrorCode::permission_denied, message};
  }
  return {ErrorCode::unavailable, message};
}

void PullProgress::feed(std::string_view bytes) {
  pending_.append(bytes);
  std::size_t from = 0;
  for (std::size_t end = 0; (end = pending_.find('\n', from)) != std::string::npos;
       from = end + 1) {
    take_line(std::string_view(pending_).substr(from, end - from));
  }
  pending_.erase(0, from);
}

void PullProgress::take_line(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return;
  if (json.contains("error") && json["error"].is_string()) {
    error_ = pull_error(json["error"].get<std::string>());
    return;
  }
  const std::string id = json.value("id", "");
  const std::string status = json.value("status", "");
  if (id.empty() || status.starts_with("Pulling from")) return;
  Layer& layer = layers_[id];
  layer.complete = status == "Pull complete" || status == "Already exists";
  if (status != "Downloading" || !json.contains("progressDetail")) return;
  const auto& detail = json["progressDetail"];
  if (!detail.is_object()) return;
  layer.current_bytes = detail.value("current", std::int64_t{0});
  layer.total_bytes = detail.value("total", std::int64_t{0});
}

std::string PullProgress::summary() const {
  std::size_t complete = 0;
  std::int64_t current = 0;
  std::int64_t total = 0;
  for (const auto& [id, layer] : layers_) {
    if (layer.complete) ++complete;
    current += layer.complete ? layer.total_bytes : layer.current_bytes;
    total += layer.total_bytes;
  }
  return fmt::format("{} of {} layers, {:.1f} of {:.1f} MiB", complete, layers_.size(),
                     static_cast<double>(current) / pull_mib,
                     static_cast<double>(total) / pull_mib);
}

}  // namespace yurt::drivers::docker
