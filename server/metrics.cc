#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>
#include <vector>

namespace yurt::server {
namespace {

std::string prometheus_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
}

prometheus::Histogram::BucketBoundaries timing_buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
          0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    100};
}

// "2026-11-22 16:46:00 +0000 UTC", as go-metrics stamps a summary.
std::string summary_time(std::int64_t wall_ns) {
  const std::time_t seconds = wall_ns / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000 UTC", &utc);
  return text;
}

nlohmann::json labels_of(const prometheus::ClientMetric& metric) {
  auto labels = nlohmann::json::object();
  for (const auto& label : metric.label) labels[label.name] = label.value;
  return labels;
}

nlohmann::json aggregate(double count, double sum, double uptime_s) {
  const double mean = count == 0 ? 0 : sum / count;
  return {{"Count", static_cast<std::int64_t>(count)},
          {"Rate", uptime_s > 0 ? sum / uptime_s : 0},
          {"Sum", sum},
          {"Min", 0},
          {"Max", 0},
          {"Mean", mean},
          {"Stddev", 0}};
}

// The bounds of the lowest and highest bucket that holds something, and the spread about the mean
// with every value at its bucket's middle: what a histogram can tell of a sample.
void add_spread(const prometheus::ClientMetric::Histogram& histogram, double mean,
                nlohmann::json& out) {
  double low = -1, high = 0, below = 0, squares = 0;
  std::uint64_t before = 0;
  for (const auto& bucket : histogram.bucket) {
    const auto count = static_cast<double>(bucket.cumulative_count - before);
    before = bucket.cumulative_count;
    const double bound = std::isinf(bucket.upper_bound) ? below : bucket.upper_bound;
    if (count > 0) {
      if (low < 0) low = below;
      high = bound;
      const double middle = (below + bound) / 2;
      squares += count * (middle - mean) * (middle - mean);
    }
    below = bound;
  }
  out["Min"] = std::max(low, 0.0);
  out["Max"] = high;
  if (histogram.sample_count > 1) {
    out["Stddev"] = std::sqrt(squares / static_cast<double>(histogram.sample_count - 1));
  }
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  std::mutex mutex;
  std::unordered_map<std::string, std::string> dotted;  // by Prometheus name
  std::vector<std::function<void()>> refreshers;
  std::int64_t started_ns = 0;  // wall clock of the first reading

  struct CallMetrics {
    prometheus::Histogram& took;
    prometheus::Counter& failed;
  };
  std::mutex calls_mutex;
  std::unordered_map<std::string_view, CallMetrics> calls;  // keys live in the operation table

  std::string remember(const std::string& name) {
    const std::lock_guard lock(mutex);
    auto known = prometheus_name(name);
    dotted.emplace(known, name);
    return known;
  }

  std::vector<prometheus::MetricFamily> read() {
    std::vector<std::function<void()>> refresh;
    {
      const std::lock_guard lock(mutex);
      refresh = refreshers;
    }
    for (const auto& one : refresh) one();
    return registry.Collect();
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

prometheus::Counter& Metrics::counter(const std::string& name, const std::string& help,
                                      const Labels& labels) {
  return prometheus::BuildCounter()
      .Name(state_->remember(name))
      .Help(help)
      .Register(state_->registry)
      .Add(labels);
}

prometheus::Gauge& Metrics::gauge(const std::string& name, const std::string& help,
                                  const Labels& labels) {
  return prometheus::BuildGauge()
      .Name(state_->remember(name))
      .Help(help)
      .Register(state_->registry)
      .Add(labels);
}

prometheus::Histogram& Metrics::timing(const std::string& name, const std::string& help,
                                       const Labels& labels) {
  return prometheus::BuildHistogram()
      .Name(state_->remember(name))
      .Help(help)
      .Register(state_->registry)
      .Add(labels, timing_buckets());
}

void Metrics::before_reading(std::function<void()> refresh) {
  const std::lock_guard lock(state_->mutex);
  state_->refreshers.push_back(std::move(refresh));
}

void Metrics::observe_call(std::string_view operation, std::int64_t took_ns, bool ok) {
  State::CallMetrics* metrics = nullptr;
  {
    const std::lock_guard lock(state_->calls_mutex);
    auto found = state_->calls.find(operation);
    if (found == state_->calls.end()) {
      const Labels labels = {{"operation", std::string(operation)}};
      found = state_->calls
                  .emplace(operation,
                           State::CallMetrics{
                               timing("yurt.api.call_seconds", "Duration of API calls", labels),
                               counter("yurt.api.call_failures", "API calls that failed", labels)})
                  .first;
    }
    metrics = &found->second;
  }
  metrics->took.Observe(static_cast<double>(took_ns) / 1e9);
  if (!ok) metrics->failed.Increment();
}

std::string Metrics::prometheus_text() {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->read());
  return std::move(out).str();
}

std::string Metrics::nomad_json(std::int64_t wall_ns) {
  const auto families = state_->read();
  const std::lock_guard lock(state_->mutex);
  if (state_->started_ns == 0) state_->started_ns = wall_ns;
  const double uptime_s = static_cast<double>(wall_ns - state_->started_ns) / 1e9;

  auto gauges = nlohmann::json::array(), counters = gauges, samples = gauges;
  for (const auto& family : families) {
    const auto known = state_->dotted.find(family.name);
    const std::string& name = known == state_->dotted.end() ? family.name : known->second;
    for (const auto& metric : family.metric) {
      nlohmann::json entry;
      if (family.type == prometheus::MetricType::Gauge) {
        entry["Value"] = metric.gauge.value;
      } else if (family.type == prometheus::MetricType::Counter) {
        entry = aggregate(metric.counter.value, metric.counter.value, uptime_s);
      } else {
        const auto& histogram = metric.histogram;
        entry =
            aggregate(static_cast<double>(histogram.sample_count), histogram.sample_sum, uptime_s);
        add_spread(histogram, entry["Mean"], entry);
      }
      entry["Name"] = name;
      entry["Labels"] = labels_of(metric);
      auto& list = family.type == prometheus::MetricType::Gauge     ? gauges
                   : family.type == prometheus::MetricType::Counter ? counters
                                                                    : samples;
      list.push_back(std::move(entry));
    }
  }
  return nlohmann::json{{"Timestamp", summary_time(wall_ns)},
                        {"Gauges", std::move(gauges)},
                        {"Points", nlohmann::json::array()},
                        {"Counters", std::move(counters)},
                        {"Samples", std::move(samples)}}
      .dump();
}

}  // namespace yurt::server
