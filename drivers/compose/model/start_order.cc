#include "drivers/compose/model/start_order.h"

#include <algorithm>
#include <map>
#include <set>

#include "drivers/raw_exec/nearest_name.h"

namespace yurt::drivers::compose {
namespace {

// More containers than this are a mistake in a scale.
constexpr std::int64_t most_replicas = 1000;

bool runs(const Service& service, const std::vector<std::string>& profiles) {
  return service.profiles.empty() ||
         std::any_of(profiles.begin(), profiles.end(), [&](const std::string& profile) {
           return profile == "*" || std::find(service.profiles.begin(), service.profiles.end(),
                                              profile) != service.profiles.end();
         });
}

class Sorter {
 public:
  Sorter(const std::vector<ActiveService>& active, std::vector<YamlError>& errors)
      : active_(active), errors_(errors) {
    for (std::size_t i = 0; i < active.size(); ++i) index_[active[i].service->name] = i;
  }

  std::vector<ActiveService> run() {
    for (std::size_t i = 0; i < active_.size() && !circle_; ++i) visit(i);
    return std::move(sorted_);
  }

 private:
  void visit(std::size_t i) {
    if (circle_ || done_.contains(i)) return;
    const auto begun = std::find(path_.begin(), path_.end(), i);
    if (begun != path_.end()) {
      std::string text;
      for (auto step = begun; step != path_.end(); ++step) {
        text += active_[*step].service->name + " → ";
      }
      errors_.push_back({active_[i].service->line,
                         "depends_on goes in a circle: " + text + active_[i].service->name});
      circle_ = true;
      return;
    }
    path_.push_back(i);
    for (const Dependency& dependency : active_[i].depends_on) {
      visit(index_.at(dependency.service));
    }
    path_.pop_back();
    if (circle_) return;
    done_.insert(i);
    sorted_.push_back(active_[i]);
  }

  const std::vector<ActiveService>& active_;
  std::vector<YamlError>& errors_;
  std::map<std::string, std::size_t> index_;
  std::vector<std::size_t> path_;
  std::set<std::size_t> done_;
  std::vector<ActiveService> sorted_;
  bool circle_ = false;
};

void check_replicas(const ActiveService& active, std::vector<YamlError>& errors) {
  const Service& service = *active.service;
  const std::string own = "services." + service.name;
  if (active.replicas > most_replicas) {
    errors.push_back(
        {service.line, own + " has more than " + std::to_string(most_replicas) + " replicas"});
  }
  if (active.replicas < 2) return;
  if (!service.container_name.empty()) {
    errors.push_back({service.line, own + ".container_name gives one name to " +
                                        std::to_string(active.replicas) + " replicas"});
  }
  for (const PublishedPort& port : service.ports) {
    if (port.first_host == 0 || port.last_host - port.first_host + 1 >= active.replicas) continue;
    errors.push_back({port.line, own + ".ports publishes port " + std::to_string(port.first_host) +
                                     " for " + std::to_string(active.replicas) +
                                     " replicas: give a range of as many ports, or none"});
  }
}

}  // namespace

std::vector<YamlError> start_order(const Project& project, const Selection& selection,
                                   std::vector<ActiveService>& into) {
  std::vector<YamlError> errors;
  std::vector<ActiveService> active;
  for (const Service& service : project.services) {
    if (runs(service, selection.profiles)) {
      active.push_back({&service, service.replicas.value_or(1), {}});
    }
  }
  for (const auto& [name, count] : selection.scale) {
    const auto found =
        std::find_if(active.begin(), active.end(),
                     [&, wanted = name](const auto& a) { return a.service->name == wanted; });
    if (found != active.end()) {
      found->replicas = count;
      continue;
    }
    if (project.service(name) != nullptr) continue;  // of a profile that is not active
    std::vector<std::string_view> names;
    for (const Service& service : project.services) names.push_back(service.name);
    const std::string_view nearest = nearest_name(name, names);
    errors.push_back(
        {0, "scale." + name + " is no service of the file" +
                (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?")});
  }
  for (ActiveService& one : active) {
    check_replicas(one, errors);
    std::vector<Dependency> wanted = one.service->depends_on;
    if (!one.service->network_of_service.empty()) {
      wanted.push_back(
          {one.service->network_of_service, Condition::started, true, one.service->line});
    }
    for (Dependency& dependency : wanted) {
      const auto found = std::find_if(active.begin(), active.end(), [&](const auto& a) {
        return a.service->name == dependency.service;
      });
      if (found != active.end()) {
        one.depends_on.push_back(std::move(dependency));
      } else if (dependency.required && project.service(dependency.service) != nullptr) {
        errors.push_back({dependency.line, "services." + one.service->name + " depends on " +
                                               dependency.service +
                                               ", none of whose profiles is active"});
      }
    }
  }
  if (active.empty() && errors.empty()) {
    errors.push_back({0, "no service of the file runs with the given profiles"});
  }
  if (!errors.empty()) return errors;
  into = Sorter(active, errors).run();
  return errors;
}

}  // namespace yurt::drivers::compose
