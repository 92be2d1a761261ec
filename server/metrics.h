// Metrics: the one registry that every part of the server counts into, shown by GET /v1/metrics as
// Nomad's JSON summary or as Prometheus text.
//
// Names are dotted ("yurt.raft.commit_index"); Prometheus sees underscores. Get a metric once and
// keep the reference: it lives as long as the Metrics, and updating it is cheap. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace yurt::server {

class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();

  // The metric of that name and those labels, created at the first call.
  [[nodiscard]] prometheus::Counter& counter(const std::string& name, const std::string& help,
                                             const Labels& labels = {});
  [[nodiscard]] prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                                         const Labels& labels = {});
  // Seconds, in buckets from 100 µs to 100 s.
  [[nodiscard]] prometheus::Histogram& timing(const std::string& name, const std::string& help,
                                              const Labels& labels = {});

  // `refresh` is called before each reading, to set gauges that are cheaper asked for than kept.
  // It must stay callable until the Metrics is gone.
  void before_reading(std::function<void()> refresh);

  // One call of the API.
  void observe_call(std::string_view operation, std::int64_t took_ns, bool ok);

  [[nodiscard]] std::string prometheus_text();
  // `wall_ns`: now, Unix nanoseconds.
  [[nodiscard]] std::string nomad_json(std::int64_t wall_ns);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yurt::server
