#include "jobspec/decode/normalise.h"

#include <utility>

namespace yurt::jobspec {
namespace {

// A job's own tasks become groups of one task each, before the groups that were written.
void wrap_tasks(model::Job& job, SourceMap& places) {
  const int tasks = job.task_size();
  if (tasks == 0) return;
  for (int i = job.group_size() - 1; i >= 0; --i) {
    places.move(path_of("", "group", i), path_of("", "group", i + tasks));
  }
  google::protobuf::RepeatedPtrField<model::TaskGroup> groups;
  for (int i = 0; i < tasks; ++i) {
    const std::string task_path = path_of("", "task", i);
    const std::string group_path = path_of("", "group", i);
    places.set(group_path, places.find(task_path));
    places.move(task_path, path_of(group_path, "task", 0));
    model::TaskGroup& group = *groups.Add();
    group.set_name(job.task(i).name());
    group.set_count(1);
    group.add_task()->Swap(job.mutable_task(i));
  }
  for (model::TaskGroup& group : *job.mutable_group()) groups.Add()->Swap(&group);
  job.mutable_group()->Swap(&groups);
  job.clear_task();
}

// `holder_path` is the job's or group's own, `path` the task's.
template <typename Holder>
void hand_down(const Holder& holder, const std::string& holder_path, model::Task& task,
               const std::string& path, SourceMap& places) {
  if (holder.has_vault() && !task.has_vault()) {
    *task.mutable_vault() = holder.vault();
    places.set(path_of(path, "vault"), places.find(path_of(holder_path, "vault")));
  }
  for (int i = 0; i < holder.secret_size(); ++i) {
    places.set(path_of(path, "secret", task.secret_size()),
               places.find(path_of(holder_path, "secret", i)));
    *task.add_secret() = holder.secret(i);
  }
}

void hand_down_vault_and_secrets(model::Job& job, SourceMap& places) {
  for (int g = 0; g < job.group_size(); ++g) {
    model::TaskGroup& group = *job.mutable_group(g);
    const std::string group_path = path_of("", "group", g);
    for (int t = 0; t < group.task_size(); ++t) {
      const std::string path = path_of(group_path, "task", t);
      hand_down(group, group_path, *group.mutable_task(t), path, places);
      hand_down(job, "", *group.mutable_task(t), path, places);
    }
    group.clear_vault();
    group.clear_secret();
  }
  job.clear_vault();
  job.clear_secret();
}

void sort_ports(model::NetworkResource& network, const std::string& path, SourceMap& places) {
  for (int i = 0; i < network.port_size(); ++i) {
    const model::Port& port = network.port(i);
    const bool reserved = port.static_() != 0;
    auto& list = reserved ? *network.mutable_reserved_ports() : *network.mutable_dynamic_ports();
    places.move(path_of(path, "port", i),
                path_of(path, reserved ? "reserved_ports" : "dynamic_ports", list.size()));
    *list.Add() = port;
  }
  network.clear_port();
}

void take_default_identity(model::Task& task, const std::string& path, SourceMap& places,
                           hcl::Diagnostics& diagnostics) {
  google::protobuf::RepeatedPtrField<model::WorkloadIdentity> named;
  for (int i = 0; i < task.identity_size(); ++i) {
    model::WorkloadIdentity& identity = *task.mutable_identity(i);
    const std::string from = path_of(path, "identity", i);
    if (!identity.name().empty() && identity.name() != "default") {
      places.move(from, path_of(path, "identity", named.size()));
      named.Add()->Swap(&identity);
      continue;
    }
    if (task.has_default_identity()) {
      diagnostics.error("Duplicate block",
                        "A task has one identity without a name (or named \"default\"); give this "
                        "one a name.",
                        places.find(from));
      continue;
    }
    places.move(from, path_of(path, "default_identity"));
    task.mutable_default_identity()->Swap(&identity);
  }
  task.mutable_identity()->Swap(&named);
}

void name_scaling_type(model::ScalingPolicy& scaling, const std::string& path,
                       const SourceMap& places, hcl::Diagnostics& diagnostics) {
  if (scaling.kind() == "cpu") {
    scaling.set_type("vertical_cpu");
  } else if (scaling.kind() == "mem") {
    scaling.set_type("vertical_mem");
  } else {
    diagnostics.error(
        "Incorrect label",
        "A task's scaling block is labelled \"cpu\" or \"mem\", not \"" + scaling.kind() + "\".",
        places.find(path_of(path, "kind")));
  }
  scaling.clear_kind();
}

// The operator when none was written.
template <typename Conditions>
void fill_operators(Conditions& conditions) {
  for (auto& condition : conditions) {
    if (condition.operator_().empty()) condition.set_operator_("=");
  }
}

void normalise_task(model::Task& task, const std::string& path, SourceMap& places,
                    hcl::Diagnostics& diagnostics) {
  fill_operators(*task.mutable_constraint());
  fill_operators(*task.mutable_affinity());
  take_default_identity(task, path, places, diagnostics);
  for (int i = 0; i < task.scaling_size(); ++i) {
    name_scaling_type(*task.mutable_scaling(i), path_of(path, "scaling", i), places, diagnostics);
  }
  if (!task.has_resources()) return;
  model::Resources& resources = *task.mutable_resources();
  const std::string resources_path = path_of(path, "resources");
  for (int i = 0; i < resources.network_size(); ++i) {
    sort_ports(*resources.mutable_network(i), path_of(resources_path, "network", i), places);
  }
  for (model::RequestedDevice& device : *resources.mutable_device()) {
    fill_operators(*device.mutable_constraint());
    fill_operators(*device.mutable_affinity());
    for (model::DeviceAlternative& other : *device.mutable_first_available()) {
      fill_operators(*other.mutable_constraint());
      fill_operators(*other.mutable_affinity());
    }
  }
}

}  // namespace

void normalise(model::Job& job, SourceMap& places, hcl::Diagnostics& diagnostics) {
  wrap_tasks(job, places);
  hand_down_vault_and_secrets(job, places);
  fill_operators(*job.mutable_constraint());
  fill_operators(*job.mutable_affinity());
  for (int g = 0; g < job.group_size(); ++g) {
    model::TaskGroup& group = *job.mutable_group(g);
    const std::string path = path_of("", "group", g);
    fill_operators(*group.mutable_constraint());
    fill_operators(*group.mutable_affinity());
    for (int i = 0; i < group.network_size(); ++i) {
      sort_ports(*group.mutable_network(i), path_of(path, "network", i), places);
    }
    for (int t = 0; t < group.task_size(); ++t) {
      normalise_task(*group.mutable_task(t), path_of(path, "task", t), places, diagnostics);
    }
  }
}

}  // namespace yurt::jobspec
