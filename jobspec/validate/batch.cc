// What makes batch work: schedules, dispatches, sweeps, dependencies, cached outputs.
#include <set>

#include "jobspec/cron/schedule.h"
#include "jobspec/sweep/sweep_trials.h"
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {

void check_periodic(const model::Job& job, const ValidateOptions& options, Issues& issues) {
  if (!job.has_periodic()) return;
  const model::PeriodicConfig& periodic = job.periodic();
  if (!is_batch_like(job)) {
    issues.error("periodic", "only batch and sysbatch jobs can be periodic, not " + job.type());
  }
  if (job.has_parameterized()) {
    issues.error("periodic", "a job is periodic or parameterized, not both");
  }
  if (!periodic.cron().empty() && !periodic.crons().empty()) {
    issues.error("periodic.cron", "cron and crons must not be used together: use crons");
  } else if (!periodic.cron().empty()) {
    issues.warning("periodic.cron",
                   "cron is deprecated: use crons = [" + quoted(periodic.cron()) + "]");
  }
  if (periodic.cron().empty() && periodic.crons().empty()) {
    issues.error("periodic", "a periodic job needs crons");
  }
  if (periodic.spec_type() != "cron") {
    issues.error("periodic.spec_type",
                 "a schedule's type must be \"cron\", not " + quoted(periodic.spec_type()));
    return;
  }
  const auto check = [&](const std::string& expression, const std::string& path) {
    const auto parsed = parse_cron(expression);
    if (!parsed.ok()) issues.error(path, parsed.error().message);
  };
  if (!periodic.cron().empty()) check(periodic.cron(), "periodic.cron");
  for (int i = 0; i < periodic.crons_size(); ++i) {
    check(periodic.crons(i), path_of("periodic", "crons", i));
  }
  const auto zone = find_time_zone(periodic.time_zone());
  if (!zone.ok()) issues.error("periodic.time_zone", zone.error().message);
  check_not_negative("jitter", periodic.jitter(), "periodic.jitter", issues);
  const auto schedule = Schedule::of(periodic);
  if (options.now_ns != 0 && schedule.ok() && !schedule->next(options.now_ns) &&
      !(periodic.cron().empty() && periodic.crons().empty())) {
    issues.error("periodic", "the schedule has no launch left: no time to come matches it");
  }
}

void check_parameterized(const model::Job& job, Issues& issues) {
  if (!job.has_parameterized()) return;
  const model::ParameterizedJob& config = job.parameterized();
  if (!is_batch_like(job)) {
    issues.error("parameterized",
                 "only batch and sysbatch jobs can be parameterized, not " + job.type());
  }
  check_choice("payload", config.payload(), {"optional", "required", "forbidden"},
               "parameterized.payload", issues);
  const std::set<std::string> required(config.meta_required().begin(),
                                       config.meta_required().end());
  for (int i = 0; i < config.meta_optional_size(); ++i) {
    if (required.count(config.meta_optional(i)) == 0) continue;
    issues.error(path_of("parameterized", "meta_optional", i),
                 "meta key " + quoted(config.meta_optional(i)) +
                     " is in meta_required too; a key is required or optional");
  }
  if (config.max_running() < 0) {
    issues.error("parameterized.max_running",
                 "max_running must not be negative (0 is no limit), it is " +
                     std::to_string(config.max_running()));
  }
  for (int i = 0; i < config.allow_override_size(); ++i) {
    check_choice("each of allow_override", config.allow_override(i),
                 {"cpu", "memory", "device", "count", "constraint"},
                 path_of("parameterized", "allow_override", i), issues);
  }
}

void check_sweep_block(const model::Job& job, Issues& issues) {
  if (!job.has_sweep()) return;
  if (!job.has_parameterized()) {
    issues.error("sweep", "a sweep needs a parameterized job: its trials are dispatches");
    return;
  }
  const model::Sweep& sweep = job.sweep();
  if (const Status status = check_sweep(sweep); !status.ok()) {
    issues.error("sweep", status.error().message);
    return;
  }
  const model::ParameterizedJob& config = job.parameterized();
  std::set<std::string> known(config.meta_required().begin(), config.meta_required().end());
  known.insert(config.meta_optional().begin(), config.meta_optional().end());
  for (const auto& [name, value] : trial_parameters(sweep, 0)) {
    if (known.contains(name)) continue;
    issues.error("sweep", "sweep parameter " + quoted(name) +
                              " reaches trials as meta: name it in parameterized's meta_required "
                              "or meta_optional");
  }
}

void check_after(const model::Job& job, Issues& issues) {
  if (!job.after().empty() && !is_batch_like(job)) {
    issues.error(path_of("", "after", 0),
                 "only batch and sysbatch jobs can wait for others, not " + job.type());
  }
  std::set<std::string> names;
  for (int i = 0; i < job.after_size(); ++i) {
    const model::After& after = job.after(i);
    const std::string path = path_of("", "after", i);
    check_choice("status", after.status(), {"complete", "failed", "dead"}, path_of(path, "status"),
                 issues);
    if (after.job() == job.id()) {
      issues.error(path_of(path, "job"), "the job cannot wait for itself");
    } else if (!after.job().empty() && !names.insert(after.job()).second) {
      issues.error(path_of(path, "job"), "the job waits for " + quoted(after.job()) + " twice");
    }
  }
}

namespace {

// Servers compare keys, so a key may hold only what is known before the work has a node.
void check_cache_key(const std::string& key, Issues& issues) {
  constexpr std::string_view known = "${NOMAD_META_";
  for (std::size_t at = key.find("${"); at != std::string::npos; at = key.find("${", at + 1)) {
    if (key.compare(at, known.size(), known) == 0) continue;
    issues.error("cache_key",
                 "cache_key may refer to ${NOMAD_META_...} alone: it is compared "
                 "before the work has a node");
    return;
  }
}

}  // namespace

void check_cache(const model::Job& job, Issues& issues) {
  const bool has_key = !job.cache_key().empty();
  if (!has_key && job.outputs().empty()) return;
  const std::string path = has_key ? "cache_key" : path_of("", "outputs", 0);
  if (!is_batch_like(job)) {
    issues.error(path,
                 "only batch and sysbatch jobs have outputs that can be kept, not " + job.type());
  }
  if (has_key == job.outputs().empty()) {
    issues.error(path, "cache_key and outputs go together: which work, and what it leaves behind");
  }
  check_cache_key(job.cache_key(), issues);
  for (int i = 0; i < job.outputs_size(); ++i) {
    const std::string& output = job.outputs(i);
    const auto begins = [&](std::string_view with) { return output.starts_with(with); };
    if (begins("/") || begins("file:///") || begins("http://") || begins("https://") ||
        begins("${")) {
      continue;
    }
    issues.error(path_of("", "outputs", i),
                 "an output is an absolute path on the node, or a file://, http:// or https:// "
                 "URL, not " +
                     quoted(output));
  }
}

}  // namespace yurt::jobspec
