// job dispatch, job periodic force, job why: work of parameterized and periodic jobs.
#include <openssl/sha.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>

#include "base/duration.h"
#include "base/file.h"
#include "base/ids.h"
#include "cli/await_job.h"
#include "cli/dispatch_overrides.h"
#include "cli/job_commands.h"
#include "cli/monitor.h"
#include "cli/show.h"
#include "cli/sweep_arguments.h"
#include "cli/sweep_commands.h"

namespace yurt::cli {
namespace {

struct DispatchOptions {
  std::string job, input, prefix, token;
  std::vector<std::string> meta, sweep;
  bool detach = false, verbose = false, once = false, wait = false;
  bool rerun = false, rerun_failed = false;
  int priority = 0;
  OverrideOptions overrides;
  std::string stop_when;
  int max_failures = 0;
  AwaitOptions await;
};

Result<std::string> read_payload(const std::string& input) {
  if (input.empty()) return std::string();
  if (input != "-") return read_file(input);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<std::map<std::string, std::string>> parse_meta(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> meta;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::invalid_argument, "-meta takes KEY=VALUE, not \"" + pair + "\""};
    }
    meta[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return meta;
}

// The same for the same work: the job's version, its payload, its parameters.
std::string once_token(const std::string& job, std::uint64_t version, const std::string& payload,
                       const std::map<std::string, std::string>& meta, const std::string& more) {
  std::string text = job + '\0' + std::to_string(version) + '\0';
  for (const auto& [key, value] : meta) text += key + '\0' + value + '\0';
  text += '\0' + more + '\0' + payload;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string out = "once-";
  char hex[3];
  for (int i = 0; i < 20; ++i) {
    std::snprintf(hex, sizeof hex, "%02x", digest[i]);
    out += hex;
  }
  return out;
}

std::string submitter() {
  const char* user = std::getenv("USER");
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return std::string(user != nullptr ? user : "uid " + std::to_string(::getuid())) + "@" + host;
}

struct ForceOptions {
  std::string job;
  bool detach = false;
};

struct WhyOptions {
  std::string job;
  OutputOptions output;
};

class Dispatch {
 public:
  Dispatch(Session& session, const DispatchOptions& options)
      : session_(session), options_(options) {}

  int run() {
    const auto id = resolve_job(session_, options_.job);
    if (!id.ok()) return fail(session_, id.error());
    id_ = *id;
    auto meta = parse_meta(options_.meta);
    if (!meta.ok()) return fail(session_, meta.error());
    meta_ = std::move(*meta);
    auto overrides = options_.overrides.read();
    if (!overrides.ok()) return fail(session_, overrides.error());
    overrides_ = std::move(*overrides);
    auto payload = read_payload(options_.input);
    if (!payload.ok()) return fail(session_, payload.error());
    payload_ = std::move(*payload);
    model::JobReadRequest read;
    *read.mutable_query() = query(session_);
    read.set_job_id(id_);
    const auto job = session_.client().get<model::JobReadResponse>("ReadJob", read);
    if (!job.ok()) return fail(session_, job.error());
    version_ = job->job().version();
    if (!options_.sweep.empty() || job->job().has_sweep()) return start_sweep();
    return start_one();
  }

 private:
  [[nodiscard]] std::string token(const std::string& more) const {
    if (!options_.token.empty()) return options_.token;
    // A token of its own, so that a cache_key's does not find an earlier run.
    if (options_.rerun) return "rerun-" + EvalId::generate(session_.random).to_string();
    return options_.once ? once_token(id_, version_, payload_, meta_, more) : "";
  }

  template <typename Request>
  void fill(Request& request) const {
    *request.mutable_write() = write(session_);
    request.set_job_id(id_);
    for (const auto& [key, value] : meta_) (*request.mutable_meta())[key] = value;
    request.set_payload(payload_);
    request.set_priority(options_.priority);
    request.set_submitted_by(submitter());
    if (overrides_) *request.mutable_overrides() = *overrides_;
  }

  int start_one() {
    model::JobDispatchRequest request;
    fill(request);
    request.set_id_prefix_template(options_.prefix);
    request.set_idempotency_token(token(""));
    auto reply = session_.client().get<model::JobDispatchResponse>("DispatchJob", request);
    // The same work failed before: asked for by name, it is tried again under a further token.
    for (int attempt = 2; reply.ok() && reply->existed() && options_.rerun_failed; ++attempt) {
      if (!has_failed(reply->dispatched_job_id())) break;
      request.set_idempotency_token(token("") + "-" + std::to_string(attempt));
      reply = session_.client().get<model::JobDispatchResponse>("DispatchJob", request);
    }
    if (!reply.ok()) return fail(session_, reply.error());
    const std::string& child = reply->dispatched_job_id();
    session_.terminal.print("Dispatched Job ID = " + child);
    if (reply->existed()) {
      session_.terminal.print("The same work was dispatched before: nothing was started");
    } else if (reply->waiting()) {
      session_.terminal.print("It waits for room in the job's lane");
    } else {
      session_.terminal.print("Evaluation ID     = " +
                              short_id(reply->eval_id(), options_.verbose));
    }
    if (options_.wait) return await_job(session_, child, options_.await);
    if (options_.detach || reply->existed() || reply->waiting()) return exit_ok;
    return monitor_evaluation(session_, reply->eval_id(), {.verbose = options_.verbose});
  }

  bool has_failed(const std::string& child) {
    model::RunReadRequest request;
    *request.mutable_query() = query(session_);
    request.set_job_id(child);
    const auto run = session_.client().get<model::RunReadResponse>("ReadRun", request);
    return run.ok() && run->run().status() != "complete";
  }

  int start_sweep() {
    model::SweepStartRequest request;
    fill(request);
    std::string text;
    for (const std::string& one : options_.sweep) {
      auto parameter = parse_sweep_parameter(one);
      if (!parameter.ok()) return fail(session_, parameter.error());
      *request.mutable_sweep()->add_parameter() = std::move(*parameter);
      text += one + '\0';
    }
    if (!options_.sweep.empty()) {
      request.mutable_sweep()->set_method("grid");
      if (!options_.stop_when.empty()) request.mutable_sweep()->set_stop_when(options_.stop_when);
      if (options_.max_failures > 0) {
        request.mutable_sweep()->set_max_failures(options_.max_failures);
      }
    }
    request.set_idempotency_token(token("sweep" + text));
    const auto reply = session_.client().get<model::SweepStartResponse>("StartSweep", request);
    if (!reply.ok()) return fail(session_, reply.error());
    session_.terminal.print("Sweep ID = " + reply->sweep_id());
    session_.terminal.print("Trials   = " + std::to_string(reply->total()));
    if (reply->existed()) {
      session_.terminal.print("The same sweep was started before: nothing was started");
    }
    return options_.wait ? await_sweep(session_, reply->sweep_id()) : exit_ok;
  }

  Session& session_;
  const DispatchOptions& options_;
  std::string id_, payload_;
  std::map<std::string, std::string> meta_;
  std::optional<model::DispatchOverrides> overrides_;
  std::uint64_t version_ = 0;
};

int force_periodic(Session& session, const std::string& job, bool detach) {
  const auto id = resolve_job(session, job);
  if (!id.ok()) return fail(session, id.error());
  model::PeriodicForceRequest request;
  *request.mutable_write() = write(session);
  request.set_job_id(*id);
  const auto reply =
      session.client().get<model::PeriodicForceResponse>("ForcePeriodicJob", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (detach) {
    session.terminal.print("Force periodic successful\nEvaluation ID: " + reply->eval_id());
    return exit_ok;
  }
  return monitor_evaluation(session, reply->eval_id(), {});
}

int explain(Session& session, const std::string& job, const OutputOptions& output) {
  model::JobReadRequest request;
  *request.mutable_query() = query(session);
  request.set_job_id(job);
  const auto reply = session.client().get<model::JobExplanation>("ExplainJob", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (output.wanted()) return print_message(session, output, *reply);
  session.terminal.print("Job \"" + job + "\" is " +
                         status_text(session.terminal, reply->status()));
  for (const std::string& reason : reply->reasons()) session.terminal.print("  - " + reason);
  if (reply->queue_position() > 0) {
    session.terminal.print("Place in the queue: " + std::to_string(reply->queue_position()) +
                           " of " + std::to_string(reply->queue_length()));
  }
  if (reply->typical_run_time() > 0) {
    session.terminal.print("A run typically takes " + format_duration(reply->typical_run_time()));
  }
  if (reply->expected_start_in() > 0) {
    session.terminal.print("It should start in about " +
                           format_duration(reply->expected_start_in()));
  }
  if (!reply->failed_groups().empty()) {
    session.terminal.print(placement_failures(session.terminal, reply->failed_groups()));
  }
  return exit_ok;
}

}  // namespace

void add_job_dispatch(CLI::App& job, Session& session) {
  auto options = std::make_shared<DispatchOptions>();
  CLI::App* dispatch =
      add_command(job, session, "dispatch", "Run a parameterized job, once or as a sweep",
                  [&session, options] { return Dispatch(session, *options).run(); });
  dispatch->add_option("job", options->job, "Job ID or prefix")->required();
  dispatch->add_option("input", options->input, "File with the payload; - is standard input");
  dispatch->add_option("--meta", options->meta, "KEY=VALUE; may be repeated")
      ->expected(1)
      ->take_all();
  dispatch
      ->add_option("--sweep", options->sweep,
                   "NAME=VALUE,VALUE or NAME=FROM..TO[/STEP]: one trial for each combination; "
                   "may be repeated")
      ->expected(1)
      ->take_all();
  dispatch->add_option("--stop-when", options->stop_when,
                       "With -sweep: end it once a trial reports this, e.g. \"accuracy >= 0.97\"");
  dispatch->add_option("--max-failures", options->max_failures,
                       "With -sweep: end it once so many trials have failed");
  dispatch->add_flag("--detach", options->detach, "Return once it is dispatched");
  dispatch->add_flag("--verbose", options->verbose, "Print whole IDs");
  dispatch->add_option("--idempotency-token", options->token,
                       "Dispatch only if no child carries this token");
  dispatch->add_flag("--once", options->once,
                     "Run the same work (job version, payload, meta) only once");
  dispatch->add_flag("--rerun-failed", options->rerun_failed,
                     "With -once: run work again that did not complete");
  dispatch->add_flag("--rerun", options->rerun,
                     "Dispatch work of a job with a cache_key again although it has completed");
  dispatch->add_option("--id-prefix-template", options->prefix, "Put this into the child's ID");
  dispatch->add_option("--priority", options->priority, "Priority, 1 to 100");
  options->overrides.add_to(*dispatch);
  dispatch->add_flag("--wait", options->wait, "Follow the work to its end");
  options->await.add_to(*dispatch);

  CLI::App* periodic = add_group(job, "periodic", "Periodic jobs");
  auto forced = std::make_shared<ForceOptions>();
  CLI::App* force = add_command(
      *periodic, session, "force", "Launch a periodic job now",
      [&session, forced] { return force_periodic(session, forced->job, forced->detach); });
  force->add_option("job", forced->job, "Job ID or prefix")->required();
  force->add_flag("--detach", forced->detach, "Print the evaluation's ID and return at once");

  auto asked = std::make_shared<WhyOptions>();
  CLI::App* why =
      add_command(job, session, "why", "Say what a job waits for, and for how long",
                  [&session, asked] { return explain(session, asked->job, asked->output); });
  why->add_option("job", asked->job, "Job ID")->required();
  asked->output.add_to(*why);
}

}  // namespace yurt::cli
