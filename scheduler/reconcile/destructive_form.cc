#include "scheduler/reconcile/destructive_form.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <vector>

namespace yurt::scheduler {
namespace {

model::Task kept_of(const model::Job& job, const model::TaskGroup& group, const model::Task& task) {
  model::Task kept;
  kept.set_name(task.name());
  kept.set_driver(task.driver());
  kept.set_user(task.user());
  if (task.has_config()) *kept.mutable_config() = task.config();
  *kept.mutable_env() = task.env();
  *kept.mutable_artifact() = task.artifact();
  *kept.mutable_template_() = task.template_();
  if (task.has_vault()) *kept.mutable_vault() = task.vault();
  if (task.has_consul()) *kept.mutable_consul() = task.consul();
  *kept.mutable_secret() = task.secret();
  *kept.mutable_identity() = task.identity();
  if (task.has_default_identity()) *kept.mutable_default_identity() = task.default_identity();
  if (task.has_csi_plugin()) *kept.mutable_csi_plugin() = task.csi_plugin();
  *kept.mutable_volume_mount() = task.volume_mount();

  auto* meta = kept.mutable_meta();
  *meta = job.meta();
  for (const auto& [key, value] : group.meta()) (*meta)[key] = value;
  for (const auto& [key, value] : task.meta()) (*meta)[key] = value;

  if (task.has_workers()) *kept.mutable_workers() = task.workers();
  if (task.has_resources()) {
    auto* resources = kept.mutable_resources();
    *resources = task.resources();
    resources->clear_iops();
    resources->clear_disk();
  }
  kept.mutable_logs()->set_disabled(task.logs().disabled());
  kept.mutable_restart()->set_render_templates(task.restart().render_templates());
  return kept;
}

void keep_ports(const google::protobuf::RepeatedPtrField<model::Port>& ports,
                google::protobuf::RepeatedPtrField<model::Port>* kept) {
  for (const auto& port : ports) {
    *kept->Add() = port;
    kept->rbegin()->clear_ignore_collision();
  }
  std::sort(kept->begin(), kept->end(),
            [](const model::Port& a, const model::Port& b) { return a.label() < b.label(); });
}

}  // namespace

std::string destructive_form(const model::Job& job, const model::TaskGroup& group) {
  model::TaskGroup form;
  std::vector<const model::Task*> tasks;
  for (const auto& task : group.task()) tasks.push_back(&task);
  std::sort(tasks.begin(), tasks.end(),
            [](const auto* a, const auto* b) { return a->name() < b->name(); });
  for (const auto* task : tasks) *form.add_task() = kept_of(job, group, *task);

  *form.mutable_volume() = group.volume();
  if (group.has_ephemeral_disk()) *form.mutable_ephemeral_disk() = group.ephemeral_disk();
  if (group.has_consul()) *form.mutable_consul() = group.consul();
  for (const auto& service : group.service()) {
    if (service.has_connect()) *form.add_service()->mutable_connect() = service.connect();
  }
  for (const auto& network : group.network()) {
    auto* kept = form.add_network();
    kept->set_mode(network.mode());
    kept->set_hostname(network.hostname());
    if (network.has_mbits()) kept->set_mbits(network.mbits());
    if (network.has_dns()) *kept->mutable_dns() = network.dns();
    if (network.has_cni()) *kept->mutable_cni() = network.cni();
    keep_ports(network.reserved_ports(), kept->mutable_reserved_ports());
    keep_ports(network.dynamic_ports(), kept->mutable_dynamic_ports());
  }

  std::string text;
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    form.SerializeToCodedStream(&coded);
  }
  return text;
}

}  // namespace yurt::scheduler
