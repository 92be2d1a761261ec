#include "drivers/compose/project/project_record.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace yurt::drivers::compose {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json json_of(const TaskConfig& task) {
  Json ports = Json::array();
  for (const TaskPort& port : task.ports) {
    ports.push_back({port.label, port.host_ip, port.host_port, port.inner_port});
  }
  Json mounts = Json::array();
  for (const HostMount& mount : task.mounts) {
    mounts.push_back({mount.host_path, mount.task_path, mount.read_only});
  }
  Json devices = Json::array();
  for (const TaskDevice& device : task.devices.granted) {
    devices.push_back({device.vendor, device.id, device.files});
  }
  const Resources& r = task.resources;
  const LogFiles& logs = task.logs;
  return {
      {"id", task.id},
      {"alloc_id", task.alloc_id},
      {"ns", task.ns},
      {"job_id", task.job_id},
      {"group", task.group_name},
      {"task", task.task_name},
      {"config", task.config},
      {"env", task.env},
      {"user", task.user},
      {"resources", {r.cpu_mhz, r.cores, r.memory_mib, r.memory_max_mib, r.machine_cpu_mhz}},
      {"folders", {task.task_dir, task.alloc_dir, task.secrets_dir}},
      {"logs", {logs.disabled, logs.folder, logs.prefix, logs.max_files, logs.max_file_size_mib}},
      {"stop_signal", task.stop_signal},
      {"devices", devices},
      {"ports", ports},
      {"network_mode", task.network_mode},
      {"mounts", mounts}};
}

TaskConfig task_of(const Json& json) {
  TaskConfig task;
  task.id = json.at("id");
  task.alloc_id = json.at("alloc_id");
  task.ns = json.at("ns");
  task.job_id = json.at("job_id");
  task.group_name = json.at("group");
  task.task_name = json.at("task");
  task.config = json.at("config");
  task.env = json.at("env").get<decltype(task.env)>();
  task.user = json.at("user");
  const Json& r = json.at("resources");
  task.resources.cpu_mhz = r.at(0);
  task.resources.cores = r.at(1).get<std::vector<std::uint32_t>>();
  task.resources.memory_mib = r.at(2);
  task.resources.memory_max_mib = r.at(3);
  task.resources.machine_cpu_mhz = r.at(4);
  for (const Json& device : json.at("devices")) {
    task.devices.granted.push_back(
        {device.at(0), device.at(1), device.at(2).get<std::vector<std::string>>()});
  }
  task.task_dir = json.at("folders").at(0);
  task.alloc_dir = json.at("folders").at(1);
  task.secrets_dir = json.at("folders").at(2);
  const Json& logs = json.at("logs");
  task.logs = {logs.at(0), logs.at(1), logs.at(2), logs.at(3), logs.at(4)};
  task.stop_signal = json.at("stop_signal");
  for (const Json& port : json.at("ports")) {
    task.ports.push_back({port.at(0), port.at(1), port.at(2), port.at(3)});
  }
  task.network_mode = json.at("network_mode");
  for (const Json& mount : json.at("mounts")) {
    task.mounts.push_back({mount.at(0), mount.at(1), mount.at(2)});
  }
  return task;
}

}  // namespace

std::vector<std::string> ProjectFolder::task_ids(const std::string& state_folder) {
  std::vector<std::string> ids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(all(state_folder), error)) {
    ids.push_back(entry.path().filename().string());
  }
  return ids;
}

Status ProjectFolder::make() const {
  YURT_TRY(make_folders(path_, 0700));
  return make_folders(files(), 0700);
}

Status ProjectFolder::write(const ProjectRecord& record) const {
  Json json{{"task", json_of(record.task)},
            {"text", record.text},
            {"created", record.created},
            {"started_at_ns", record.started_at_ns}};
  if (record.stop) json["stop"] = {record.stop->signal, record.stop->deadline_ns};
  YURT_TRY(write_file_atomically(text(), record.text, 0600));
  return write_file_atomically(path_ + "/record.json",
                               json.dump(-1, ' ', false, Json::error_handler_t::replace), 0600);
}

Result<ProjectRecord> ProjectFolder::read() const {
  YURT_ASSIGN(const std::string content, read_file(path_ + "/record.json"));
  const Json json = Json::parse(content, nullptr, false);
  try {
    ProjectRecord record;
    record.task = task_of(json.at("task"));
    record.text = json.at("text");
    record.created = json.at("created");
    record.started_at_ns = json.at("started_at_ns");
    if (json.contains("stop")) {
      record.stop = {json.at("stop").at(0), json.at("stop").at(1)};
    }
    return record;
  } catch (const Json::exception&) {
    return Error{ErrorCode::corrupt, "the record of the project in " + path_ + " can't be read"};
  }
}

void ProjectFolder::remove() const {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace yurt::drivers::compose
