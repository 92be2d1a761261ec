#include "agent/checks/offered_services.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "proto/release.pb.h"

namespace yurt::agent {
namespace {

// As Nomad's results say it.
const char* result_name(bool observed, Health health) {
  if (!observed) return "pending";
  switch (health) {
    case Health::passing: return "success";
    case Health::warning: return "warning";
    case Health::critical: break;
  }
  return "failure";
}

}  // namespace

OfferedServices::OfferedServices(RunnerContext& context, OfferedServicesOwner& owner,
                                 std::string group)
    : context_(context), owner_(owner), group_(std::move(group)) {}

OfferedServices::~OfferedServices() { end(services_); }

void OfferedServices::restore(const model::AllocServices& told) {
  for (const auto& service : told.services()) {
    restored_[service.id()] = parse_health(service.health(), Health::critical);
  }
}

void OfferedServices::set(std::vector<ServiceSpec> specs, const std::set<std::string>& running) {
  std::vector<Service> old = std::exchange(services_, {});
  const std::int64_t now_ns = context_.clock.steady_ns();
  for (ServiceSpec& spec : specs) {
    Service service;
    service.offered = !spec.tasks.empty() && std::includes(running.begin(), running.end(),
                                                           spec.tasks.begin(), spec.tasks.end());
    service.spec = std::move(spec);
    if (service.offered) {
      const auto known = restored_.extract(service.spec.id);
      for (const CheckSpec& check : service.spec.checks) {
        CheckRef one = take_check(old, check);
        if (!one) {
          one = std::make_shared<Check>(check, now_ns);
          if (!known.empty()) one->progress.restore(known.mapped());
          run_at(one, now_ns);
        }
        service.checks.push_back(std::move(one));
      }
    }
    services_.push_back(std::move(service));
  }
  end(old);
}

// A check that goes on: the same one of a service that was offered already. Null for a new one.
OfferedServices::CheckRef OfferedServices::take_check(std::vector<Service>& old,
                                                      const CheckSpec& spec) const {
  for (Service& service : old) {
    for (CheckRef& check : service.checks) {
      if (!check || check->spec.id != spec.id) continue;
      check->spec = spec;
      check->progress.set_rule(spec.rule);
      return std::exchange(check, nullptr);
    }
  }
  return nullptr;
}

void OfferedServices::end(std::vector<Service>& services) {
  for (Service& service : services) {
    for (const CheckRef& check : service.checks) {
      if (check) context_.loop.cancel(check->timer);
    }
  }
}

void OfferedServices::run_at(const CheckRef& check, std::int64_t steady_ns) {
  check->timer =
      context_.loop.at(steady_ns, [self = weak_from_this(), weak = std::weak_ptr<Check>(check)] {
        const auto alive = self.lock();
        const auto due = weak.lock();
        if (alive && due) alive->run(due);
      });
}

void OfferedServices::run(const CheckRef& check) {
  check->began_steady_ns = context_.clock.steady_ns();
  const std::weak_ptr<Check> weak = check;
  const auto done = [self = weak_from_this(), weak](ProbeResult result) {
    const auto alive = self.lock();
    const auto due = weak.lock();
    if (alive && due) alive->finish(due, std::move(result));
  };
  if (!check->spec.script) {
    context_.prober.probe(check->spec.probe, [done, &loop = context_.loop](ProbeResult result) {
      loop.post([done, result = std::move(result)]() mutable { done(std::move(result)); });
    });
    return;
  }
  if (auto task = owner_.running_task(check->spec.script_task)) {
    check->script = ScriptProbe::start(context_, std::move(task), check->spec.command,
                                       check->spec.timeout_ns, done);
    return;
  }
  context_.loop.post([done, task = check->spec.script_task] {
    done({.output = "script: task \"" + task + "\" does not run"});
  });
}

void OfferedServices::finish(const CheckRef& check, ProbeResult result) {
  const std::int64_t now_ns = context_.clock.steady_ns();
  check->script.reset();
  const bool was_healthy = healthy();
  const auto step = check->progress.observe(result.health, now_ns);
  check->last = std::move(result);
  check->last_wall_ns = context_.clock.wall_ns();
  // The second run comes earlier by chance, so that checks that began together part.
  std::int64_t wait_ns = check->spec.interval_ns;
  if (!std::exchange(check->ran, true)) {
    wait_ns -=
        static_cast<std::int64_t>(static_cast<double>(wait_ns) / 2 * context_.random.fraction());
  }
  run_at(check, std::max(now_ns, check->began_steady_ns + wait_ns));
  if (step.changed || healthy() != was_healthy) owner_.services_changed();
  if (!step.restart) return;
  for (const Service& service : services_) {
    if (std::find(service.checks.begin(), service.checks.end(), check) == service.checks.end()) {
      continue;
    }
    owner_.check_wants_restart(std::set<std::string>(service.spec.tasks),
                               "healthcheck: check \"" + check->spec.name + "\" unhealthy");
    return;  // `services_` may be others now
  }
}

Health OfferedServices::health_of(const Service& service) const {
  Health health = Health::passing;
  for (const CheckRef& check : service.checks) {
    health = worse_of(health, check->progress.health());
  }
  return health;
}

void OfferedServices::fill(model::AllocServices& out) const {
  for (const Service& service : services_) {
    if (!service.offered) continue;
    auto& told = *out.add_services();
    told.set_id(service.spec.id);
    told.set_service_name(service.spec.name);
    told.set_address(service.spec.address);
    told.set_port(service.spec.port);
    for (const auto& tag : service.spec.tags) told.add_tags(tag);
    for (const auto& [key, value] : service.spec.meta) (*told.mutable_meta())[key] = value;
    told.set_health(name_of(health_of(service)));
    told.set_canary(service.spec.canary);
  }
}

bool OfferedServices::healthy() const {
  return std::all_of(services_.begin(), services_.end(), [](const Service& service) {
    return service.offered &&
           std::all_of(service.checks.begin(), service.checks.end(),
                       [](const CheckRef& check) { return check->progress.satisfies_update(); });
  });
}

bool OfferedServices::passes(const std::string& task) const {
  bool any = false;
  for (const Service& service : services_) {
    if (service.spec.tasks != std::set<std::string>{task}) continue;
    for (const CheckRef& check : service.checks) {
      any = true;
      if (!check->progress.observed() || !check->progress.satisfies_update()) return false;
    }
  }
  return any;
}

std::string OfferedServices::results_json() const {
  auto out = nlohmann::json::object();
  for (const Service& service : services_) {
    for (const CheckRef& check : service.checks) {
      nlohmann::json result = {
          {"ID", check->spec.id},
          {"Check", check->spec.name},
          {"Group", group_},
          {"Mode", check->spec.rule.on_update == OnUpdate::ignore ? "readiness" : "healthiness"},
          {"Output", check->last.output},
          {"Service", service.spec.name},
          {"Status", result_name(check->progress.observed(), check->progress.health())},
          {"Task", service.spec.task},
          {"Timestamp", check->last_wall_ns / nanoseconds_per_second}};
      if (check->last.status_code != 0) result["StatusCode"] = check->last.status_code;
      out[check->spec.id] = std::move(result);
    }
  }
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace yurt::agent
