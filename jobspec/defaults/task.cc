#include "jobspec/defaults/task.h"

#include <algorithm>
#include <string_view>

#include "base/clock.h"
#include "jobspec/defaults/conditions.h"
#include "jobspec/defaults/service.h"

namespace yurt::jobspec {
namespace {

template <typename Request>
void apply_device_defaults(Request& device) {
  if (!device.has_count()) device.set_count(1);
  apply_constraint_defaults(*device.mutable_constraint());
  apply_affinity_defaults(*device.mutable_affinity());
  if (!device.has_share_devices()) return;
  model::ShareDevices& share = *device.mutable_share_devices();
  if (!share.has_enabled()) share.set_enabled(true);
}

void apply_resource_defaults(model::Resources& resources) {
  if (!resources.has_cores()) resources.set_cores(0);
  // Whole cores stand in place of a share in MHz.
  if (!resources.has_cpu()) resources.set_cpu(resources.cores() > 0 ? 0 : 100);
  if (!resources.has_memory()) resources.set_memory(300);
  if (!resources.has_memory_max()) resources.set_memory_max(0);
  if (!resources.has_disk()) resources.set_disk(0);
  if (!resources.has_iops()) resources.set_iops(0);
  if (!resources.has_secrets()) resources.set_secrets(0);
  if (resources.has_numa() && !resources.numa().has_affinity()) {
    resources.mutable_numa()->set_affinity("none");
  }
  for (model::RequestedDevice& device : *resources.mutable_device()) {
    apply_device_defaults(device);
    for (auto& other : *device.mutable_first_available()) apply_device_defaults(other);
  }
  apply_network_defaults(*resources.mutable_network());
}

void apply_log_defaults(model::LogConfig& logs) {
  if (!logs.has_max_files()) logs.set_max_files(10);
  if (!logs.has_max_file_size()) logs.set_max_file_size(10);
  if (!logs.has_disabled()) logs.set_disabled(false);
}

// "data.csv" for "https://example.org/data.csv?checksum=…".
std::string file_name_of(std::string_view source) {
  source = source.substr(0, source.find_first_of("?#"));
  const std::size_t slash = source.find_last_of('/');
  return std::string(slash == std::string_view::npos ? source : source.substr(slash + 1));
}

void apply_artifact_defaults(model::Artifact& artifact) {
  if (!artifact.has_mode()) artifact.set_mode("any");
  if (!artifact.has_insecure()) artifact.set_insecure(false);
  if (!artifact.has_destination()) {
    // With mode "file" the destination names the file itself.
    artifact.set_destination(artifact.mode() == "file" ? "local/" + file_name_of(artifact.source())
                                                       : "local/");
  }
}

void apply_template_defaults(model::Template& file) {
  if (!file.has_source()) file.set_source("");
  if (!file.has_data()) file.set_data("");
  if (!file.has_change_mode()) file.set_change_mode("restart");
  if (!file.has_change_signal()) file.set_change_signal("");
  std::string& signal = *file.mutable_change_signal();
  std::transform(signal.begin(), signal.end(), signal.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (!file.has_once()) file.set_once(false);
  if (!file.has_splay()) file.set_splay(5 * nanoseconds_per_second);
  if (!file.has_perms()) file.set_perms("0644");
  if (!file.has_left_delimiter()) file.set_left_delimiter("{{");
  if (!file.has_right_delimiter()) file.set_right_delimiter("}}");
  if (!file.has_env()) file.set_env(false);
  if (!file.has_error_on_missing_key()) file.set_error_on_missing_key(false);
  if (file.has_change_script()) {
    model::ChangeScript& script = *file.mutable_change_script();
    if (!script.has_timeout()) script.set_timeout(5 * nanoseconds_per_second);
    if (!script.has_fail_on_error()) script.set_fail_on_error(false);
    if (!script.has_run_on_first_render()) script.set_run_on_first_render(false);
  }
}

void apply_mount_defaults(model::VolumeMount& mount) {
  if (!mount.has_read_only()) mount.set_read_only(false);
  if (!mount.has_propagation_mode()) mount.set_propagation_mode("private");
  if (!mount.has_selinux_label()) mount.set_selinux_label("");
}

void apply_identity_defaults(model::WorkloadIdentity& identity) {
  if (identity.change_mode().empty()) identity.set_change_mode("noop");
}

void apply_vault_defaults(model::Vault& vault) {
  if (!vault.has_role()) vault.set_role("");
  if (!vault.has_namespace_()) vault.set_namespace_("");
  if (!vault.has_cluster()) vault.set_cluster("default");
  if (!vault.has_env()) vault.set_env(true);
  if (!vault.has_disable_file()) vault.set_disable_file(false);
  if (!vault.has_change_mode()) vault.set_change_mode("restart");
  if (!vault.has_change_signal()) vault.set_change_signal("SIGHUP");
  if (!vault.has_allow_token_expiration()) vault.set_allow_token_expiration(false);
}

void apply_csi_plugin_defaults(model::CsiPlugin& plugin) {
  if (!plugin.has_mount_dir()) plugin.set_mount_dir("/csi");
  if (!plugin.has_stage_publish_base_dir()) plugin.set_stage_publish_base_dir("/local/csi");
  if (!plugin.has_health_timeout()) plugin.set_health_timeout(30 * nanoseconds_per_second);
}

void apply_scaling_defaults(const model::Job& job, const model::TaskGroup& group,
                            const model::Task& task, model::ScalingPolicy& scaling) {
  if (!scaling.has_enabled()) scaling.set_enabled(true);
  if (!scaling.has_namespace_()) scaling.set_namespace_(job.namespace_());
  auto& target = *scaling.mutable_target();
  target["Namespace"] = job.namespace_();
  target["Job"] = job.id();
  target["Group"] = group.name();
  target["Task"] = task.name();
}

}  // namespace

void apply_task_defaults(const model::Job& job, const model::TaskGroup& group, model::Task& task) {
  if (!task.has_kill_timeout()) task.set_kill_timeout(5 * nanoseconds_per_second);
  apply_constraint_defaults(*task.mutable_constraint());
  apply_affinity_defaults(*task.mutable_affinity());
  apply_resource_defaults(*task.mutable_resources());
  apply_log_defaults(*task.mutable_logs());
  for (auto& artifact : *task.mutable_artifact()) apply_artifact_defaults(artifact);
  for (auto& file : *task.mutable_template_()) apply_template_defaults(file);
  for (auto& mount : *task.mutable_volume_mount()) apply_mount_defaults(mount);
  for (auto& identity : *task.mutable_identity()) apply_identity_defaults(identity);
  if (task.has_default_identity()) {
    task.mutable_default_identity()->set_name("default");
    apply_identity_defaults(*task.mutable_default_identity());
  }
  for (auto& scaling : *task.mutable_scaling()) {
    apply_scaling_defaults(job, group, task, scaling);
  }
  for (auto& service : *task.mutable_service()) {
    apply_service_defaults(job, group.name(), task.name(), service);
  }
  for (model::OnFailure& rule : *task.mutable_on_failure()) {
    if (!rule.has_memory_factor()) rule.set_memory_factor(1.5);
    if (!rule.has_attempts()) rule.set_attempts(1);
  }
  if (task.has_watchdog() && !task.watchdog().has_action()) {
    task.mutable_watchdog()->set_action("event");
  }
  if (task.has_vault()) apply_vault_defaults(*task.mutable_vault());
  if (task.has_csi_plugin()) apply_csi_plugin_defaults(*task.mutable_csi_plugin());
  if (task.has_consul() && !task.consul().has_cluster()) {
    task.mutable_consul()->set_cluster("default");
  }
}

}  // namespace yurt::jobspec
