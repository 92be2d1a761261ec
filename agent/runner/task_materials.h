// TaskMaterials: what the copies of one task have in common: the folders that are made ready, the
// artifacts fetched into them, the templates rendered there. The loop's thread only.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "agent/environment/task_environment.h"
#include "agent/template/task_templates.h"

namespace yurt::agent {

class TaskRunner;

struct TaskMaterials {
  std::vector<std::weak_ptr<TaskRunner>> copies;  // by worker
  bool artifacts_fetched = false;
  bool templates_rendered = false;
  std::shared_ptr<TaskTemplates> templates;
  std::shared_ptr<const TaskEnvironment> template_environment;
  // One preparation at a time, since all work in the same folders.
  bool preparing = false;
  std::deque<std::function<void()>> waiting;
};

}  // namespace yurt::agent
