// ServiceSpec: the services and checks of one allocation as they are to be offered here and now:
// everything interpolated, every port label turned into an address.
//
// Plain values, built from the job's and the assignment's blocks; compared to see what an update
// changed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/checks/check_progress.h"
#include "agent/checks/network_prober.h"
#include "agent/environment/node_facts.h"
#include "agent/environment/task_environment.h"

namespace yurt::model {
class Assignment;
class Job;
class TaskGroup;
}  // namespace yurt::model

namespace yurt::agent {

struct CheckSpec {
  std::string id;  // 32 hex digits; the same for the allocation's whole life
  std::string name;
  bool script = false;
  ProbeRequest probe;                // unless it is a script
  std::vector<std::string> command;  // of a script
  std::string script_task;           // where it runs
  std::int64_t interval_ns = 0;
  std::int64_t timeout_ns = 0;
  CheckRule rule;

  bool operator==(const CheckSpec&) const = default;
};

struct ServiceSpec {
  std::string id;  // "_nomad-task-<allocation>-<task, or group-<group>>-<service>-<port>"
  std::string name;
  std::string task;             // "" = the group's
  std::set<std::string> tasks;  // it is offered while all of these run: tasks, or one worker
  std::string address;
  int port = 0;
  std::vector<std::string> tags;
  std::map<std::string, std::string> meta;
  bool canary = false;
  std::vector<CheckSpec> checks;

  bool operator==(const ServiceSpec&) const = default;
};

struct ServiceInputs {
  const model::Assignment& assignment;
  const model::Job& job;
  const model::TaskGroup& group;
  std::shared_ptr<const NodeFacts> node;
  // Where scripts see the allocation's folders.
  TaskPaths paths;
  // Addresses of running tasks, and workers, that have a network of their own, by name.
  std::map<std::string, std::string> task_addresses;
};

// The group's services, then its tasks', in the job's order. A service of a task with workers is
// one for each of them when each has a port of its own ("<port>_0", "<port>_1", …), else one for
// all.
[[nodiscard]] std::vector<ServiceSpec> service_specs(const ServiceInputs& inputs);

// Whether the group or one of its tasks has a service at all.
[[nodiscard]] bool has_services(const model::TaskGroup& group);

}  // namespace yurt::agent
