#include "jobspec/defaults/service.h"

#include <array>
#include <utility>

#include "base/clock.h"

namespace yurt::jobspec {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

void apply_check_restart_defaults(const model::Service& service, model::Check& check) {
  if (!service.has_check_restart() && !check.has_check_restart()) return;
  model::CheckRestart restart = service.check_restart();
  // Unset fields of the check's own block are zero and take the service's.
  restart.MergeFrom(check.check_restart());
  if (!restart.has_grace()) restart.set_grace(nanoseconds_per_second);
  *check.mutable_check_restart() = restart;
}

void apply_check_defaults(const model::Service& service, model::Check& check) {
  if (check.name().empty()) check.set_name("service: \"" + service.name() + "\" check");
  if (check.on_update().empty()) check.set_on_update(service.on_update());
  apply_check_restart_defaults(service, check);
}

}  // namespace

void apply_service_defaults(const model::Job& job, const std::string& group,
                            const std::string& task, model::Service& service) {
  const std::string base = job.id() + "-" + group + (task.empty() ? "" : "-" + task);
  if (service.name().empty()) service.set_name(base);
  const std::array<std::pair<const char*, std::string>, 4> parts{{
      {"${JOB}", job.id()},
      {"${TASKGROUP}", group},
      {"${TASK}", task.empty() ? "group" : task},
      {"${BASE}", base},
  }};
  for (const auto& [name, value] : parts) replace_all(*service.mutable_name(), name, value);
  if (service.provider().empty()) service.set_provider("consul");
  if (service.cluster().empty()) service.set_cluster("default");
  if (service.address_mode().empty()) service.set_address_mode("auto");
  if (service.on_update().empty()) service.set_on_update("require_healthy");
  if (service.has_weights()) {
    if (!service.weights().has_passing()) service.mutable_weights()->set_passing(1);
    if (!service.weights().has_warning()) service.mutable_weights()->set_warning(1);
  }
  if (service.has_identity() && service.identity().change_mode().empty()) {
    service.mutable_identity()->set_change_mode("noop");
  }
  if (service.has_check_restart() && !service.check_restart().has_grace()) {
    service.mutable_check_restart()->set_grace(nanoseconds_per_second);
  }
  for (model::Check& check : *service.mutable_check()) apply_check_defaults(service, check);
}

}  // namespace yurt::jobspec
