// MetricsFile: what a task reports about itself, as JSON lines in the file that YURT_METRICS_FILE
// names: {"epoch": 3, "accuracy": 0.97}. Each number becomes the newest value of its metric.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace yurt::agent {

// In a task's local folder.
inline constexpr const char* metrics_file_name = "yurt-metrics.jsonl";
// A task has no more metrics than this; further names are dropped.
inline constexpr std::size_t most_metrics = 64;

// Reads on from where it was; a line counts once it is whole. What is no JSON object, and values
// that are no finite numbers, are passed over. Not thread-safe; reads the disk.
class MetricsFile {
 public:
  explicit MetricsFile(std::filesystem::path path) : path_(std::move(path)) {}

  // True when some value is new since the last call.
  [[nodiscard]] bool read_on();
  [[nodiscard]] const std::map<std::string, double>& values() const { return values_; }

 private:
  bool take_line(const std::string& line);

  std::filesystem::path path_;
  std::uint64_t offset_ = 0;
  std::string partial_;
  std::map<std::string, double> values_;
};

}  // namespace yurt::agent
