// Refused at registration until it is built: nothing a job file says is ignored in silence.
#include "jobspec/validate/checks.h"

namespace yurt::jobspec {
namespace {

void refuse(const std::string& what, const std::string& path, Issues& issues) {
  issues.error(path, what + " is not supported yet: it comes with a later release");
}

void check_device(const model::RequestedDevice& device, const std::string& path, Issues& issues) {
  if (device.has_share_devices()) {
    refuse("share_devices", path_of(path, "share_devices"), issues);
  }
  if (!device.first_available().empty()) {
    refuse("first_available", path_of(path, "first_available", 0), issues);
  }
}

void check_task_to_come(const model::Task& task, const std::string& path, Issues& issues) {
  for (int i = 0; i < task.resources().device_size(); ++i) {
    check_device(task.resources().device(i), path_of(path_of(path, "resources"), "device", i),
                 issues);
  }
}

}  // namespace

void check_to_come(const model::Job& job, Issues& issues) {
  for (int g = 0; g < job.group_size(); ++g) {
    const model::TaskGroup& group = job.group(g);
    const std::string path = path_of("", "group", g);
    for (int t = 0; t < group.task_size(); ++t) {
      check_task_to_come(group.task(t), path_of(path, "task", t), issues);
    }
  }
}

}  // namespace yurt::jobspec
