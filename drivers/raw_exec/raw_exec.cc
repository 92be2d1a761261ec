#include "drivers/raw_exec/raw_exec.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/glob.h"
#include "drivers/raw_exec/config.h"
#include "drivers/raw_exec/lookup.h"
#include "drivers/shim/supervisor.h"

namespace yurt::drivers {
namespace {

bool is_denied(const std::string& name, const std::vector<std::string>& globs) {
  for (const std::string& glob : globs) {
    if (glob_match(glob, name)) return true;
  }
  return false;
}

// "major:minor" of those that are there: a machine need not have made every file yet.
std::vector<std::string> character_devices(const std::vector<std::string>& files) {
  std::vector<std::string> numbers;
  for (const std::string& file : files) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) continue;
    numbers.push_back(std::to_string(major(info.st_rdev)) + ":" +
                      std::to_string(minor(info.st_rdev)));
  }
  return numbers;
}

class RawExec final : public Driver {
 public:
  RawExec(RawExecOptions options, IdRanges denied_uids, IdRanges denied_gids,
          std::unique_ptr<Supervisor> supervisor)
      : options_(std::move(options)),
        denied_uids_(std::move(denied_uids)),
        denied_gids_(std::move(denied_gids)),
        supervisor_(std::move(supervisor)) {}

  std::string_view name() const override { return "raw_exec"; }
  Fingerprint fingerprint() override;
  std::vector<ConfigError> validate(std::string_view config) const override {
    RawExecConfig ignored;
    return parse_raw_exec_config(config, ignored);
  }
  void start(TaskConfig config, StartEvents events) override;
  Result<std::shared_ptr<Task>> recover(std::string_view reattach_state) override {
    return supervisor_->recover(reattach_state);
  }
  Result<std::vector<std::string>> discover() override { return supervisor_->discover(); }

 private:
  [[nodiscard]] Result<LaunchSpec> resolve(TaskConfig config) const;
  [[nodiscard]] Status check_user(const std::optional<UserIds>& user) const;
  [[nodiscard]] std::string why_unconfined(const TaskConfig& task) const;

  const RawExecOptions options_;
  const IdRanges denied_uids_;
  const IdRanges denied_gids_;
  const std::unique_ptr<Supervisor> supervisor_;
};

Fingerprint RawExec::fingerprint() {
  Fingerprint fingerprint;
  if (!options_.enabled) {
    fingerprint.health_description = "raw_exec is not enabled in the agent's configuration";
    return fingerprint;
  }
  fingerprint.detected = true;
  fingerprint.attributes.emplace_back("driver.raw_exec", "1");
  fingerprint.warnings = supervisor_->cgroups().warnings;
  const Status usable = supervisor_->check();
  fingerprint.healthy = usable.ok();
  fingerprint.health_description = usable.ok() ? "Healthy" : usable.error().message;
  return fingerprint;
}

Status RawExec::check_user(const std::optional<UserIds>& user) const {
  const std::uint32_t uid = user ? user->uid : ::geteuid();
  if (contains(denied_uids_, uid)) {
    return Error{
        ErrorCode::permission_denied,
        "the agent's configuration forbids tasks to run as user id " + std::to_string(uid)};
  }
  for (std::uint32_t gid : user ? user->groups : std::vector<std::uint32_t>{::getegid()}) {
    if (contains(denied_gids_, gid)) {
      return Error{
          ErrorCode::permission_denied,
          "the agent's configuration forbids tasks to run with group id " + std::to_string(gid)};
    }
  }
  return {};
}

Result<LaunchSpec> RawExec::resolve(TaskConfig task) const {
  RawExecConfig config;
  const std::vector<ConfigError> wrong = parse_raw_exec_config(task.config, config);
  if (!wrong.empty()) {
    std::string text;
    for (const ConfigError& error : wrong) text += (text.empty() ? "" : "; ") + error.message;
    return Error{ErrorCode::invalid_argument, text};
  }
  LaunchSpec spec;
  spec.id = std::move(task.id);
  YURT_ASSIGN(spec.program, find_command(config.command, task.task_dir, task.env));
  spec.arguments.push_back(config.command);
  spec.arguments.insert(spec.arguments.end(), config.args.begin(), config.args.end());
  for (auto& variable : task.env) {
    if (is_denied(variable.first, options_.denied_envvars) ||
        is_denied(variable.first, config.denied_envvars)) {
      continue;
    }
    spec.env.push_back(std::move(variable));
  }
  spec.work_folder = config.work_dir.empty() ? task.task_dir : config.work_dir;
  YURT_ASSIGN(spec.user, find_user(task.user));
  YURT_TRY(check_user(spec.user));
  const CgroupHierarchy& cgroups = supervisor_->cgroups();
  task.resources.denied_devices = character_devices(task.devices.withheld_files);
  if (config.cgroup_override.empty()) {
    spec.cgroups = plan_cgroups(cgroups, spec.id, task.resources, task.limits_group);
  } else {
    YURT_ASSIGN(spec.cgroups, plan_cgroup_override(cgroups, config.cgroup_override));
  }
  spec.logs = std::move(task.logs);
  spec.oom_score_adj = config.oom_score_adj;
  return spec;
}

// Why a task with GPUs of its own could use the others too; "" when it can't.
std::string RawExec::why_unconfined(const TaskConfig& task) const {
  if (character_devices(task.devices.withheld_files).empty()) return "";
  const CgroupHierarchy& cgroups = supervisor_->cgroups();
  RawExecConfig config;
  if (parse_raw_exec_config(task.config, config).empty() && !config.cgroup_override.empty()) {
    return "it runs in a control group of the job's choice";
  }
  if (cgroups.has("devices")) return "";
  return cgroups.version == CgroupVersion::v2
             ? "control groups v2 have no list of devices"
             : "this machine has no control group of the devices controller";
}

void RawExec::start(TaskConfig config, StartEvents events) {
  if (const std::string why = why_unconfined(config); !why.empty() && events.on_progress) {
    events.on_progress("Driver", "the task is not kept from the machine's other GPUs: " + why +
                                     "; it sees its own by its environment alone");
  }
  Result<LaunchSpec> spec = options_.enabled
                                ? resolve(std::move(config))
                                : Error{ErrorCode::failed_precondition,
                                        "raw_exec is not enabled in the agent's configuration"};
  if (!spec.ok()) return supervisor_->refuse(spec.error(), std::move(events));
  supervisor_->start(std::move(*spec), std::move(events));
}

// FNV-1a (Fowler, Noll and Vo), 64 bits: the same for the same path on every start.
std::string path_hash(const std::string& path) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string text(16, '0');
  for (char& digit : text) {
    digit = "0123456789abcdef"[hash >> 60];
    hash <<= 4;
  }
  return text;
}

}  // namespace

std::string default_state_folder(const std::string& data_folder) {
  if (::geteuid() == 0) {
    std::error_code error;
    const auto canonical = std::filesystem::weakly_canonical(data_folder, error);
    const std::string name = "/yurt-" + path_hash(error ? data_folder : canonical.string());
    for (const char* memory : {"/run", "/dev/shm"}) {
      struct statfs info {};
      if (::statfs(memory, &info) == 0 && info.f_type == TMPFS_MAGIC &&
          ::access(memory, W_OK) == 0) {
        return memory + name;
      }
    }
  }
  return data_folder + "/shims";
}

Result<std::unique_ptr<Driver>> make_raw_exec(RawExecOptions options) {
  const auto ranges = [](const std::string& text, const char* option) -> Result<IdRanges> {
    Result<IdRanges> parsed = parse_id_ranges(text);
    if (!parsed.ok()) return parsed.error().within(option);
    return parsed;
  };
  YURT_ASSIGN(IdRanges denied_uids, ranges(options.denied_host_uids, "denied_host_uids"));
  YURT_ASSIGN(IdRanges denied_gids, ranges(options.denied_host_gids, "denied_host_gids"));
  SupervisorOptions supervisor_options;
  supervisor_options.state_folder = options.state_folder;
  supervisor_options.shim_program =
      options.shim_program.empty() ? default_shim_path() : options.shim_program;
  supervisor_options.cgroups = detect_cgroups(options.cgroups);
  if (options.enabled) prepare_cgroups(supervisor_options.cgroups);
  YURT_ASSIGN(std::unique_ptr<Supervisor> supervisor,
              Supervisor::open(std::move(supervisor_options)));
  return std::unique_ptr<Driver>(new RawExec(std::move(options), std::move(denied_uids),
                                             std::move(denied_gids), std::move(supervisor)));
}

}  // namespace yurt::drivers
