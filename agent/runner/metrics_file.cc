#include "agent/runner/metrics_file.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace yurt::agent {
namespace {

// One look reads at most this much; the rest comes at the next.
constexpr std::uint64_t most_bytes_at_once = 256 << 10;
constexpr std::size_t longest_line = 64 << 10;

}  // namespace

bool MetricsFile::read_on() {
  std::error_code failure;
  const std::uint64_t size = std::filesystem::file_size(path_, failure);
  if (failure || size == offset_) return false;
  if (size < offset_) {  // begun anew
    offset_ = 0;
    partial_.clear();
  }
  std::ifstream in(path_, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset_));
  std::string bytes(std::min(size - offset_, most_bytes_at_once), '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  offset_ += bytes.size();
  bool changed = false;
  for (const char c : bytes) {
    if (c != '\n') {
      if (partial_.size() < longest_line) partial_ += c;
      continue;
    }
    changed |= take_line(partial_);
    partial_.clear();
  }
  return changed;
}

bool MetricsFile::take_line(const std::string& line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  bool changed = false;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_number()) continue;
    const double number = value.get<double>();
    if (!std::isfinite(number)) continue;
    const auto found = values_.find(name);
    if (found == values_.end() && values_.size() == most_metrics) continue;
    if (found != values_.end() && found->second == number) continue;
    values_[name] = number;
    changed = true;
  }
  return changed;
}

}  // namespace yurt::agent
