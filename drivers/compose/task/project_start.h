// ProjectStart: the way from a TaskConfig to a running project: read the file, wait for the Engine,
// have the images, make networks, volumes and containers, start the first. Held by shared_ptr; each
// step runs on one of the workers. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "drivers/compose/project/project_plan.h"
#include "drivers/compose/project/project_record.h"
#include "drivers/docker/image/image_search.h"
#include "drivers/driver.h"

namespace yurt::drivers::compose {

class ProjectRun;

class ProjectStart : public std::enable_shared_from_this<ProjectStart> {
 public:
  using Means = docker::ImageSearch::Means;
  // `on_over` is called once, right before events.on_done.
  ProjectStart(Means means, TaskConfig task, StartEvents events, std::function<void()> on_over);

  void begin();
  void cancel();
  // Ends it with an error, unless it has ended. For a driver that goes away.
  void abandon();

 private:
  void run_on_worker(void (ProjectStart::*step)());
  void plan();
  void wait_for_engine(const Error& error);
  void find_images();
  void image_found(int round, const std::string& image, Result<std::string> id, bool engine_away);
  void create();
  [[nodiscard]] Status create_objects(ProjectRecord& record, std::vector<std::string>& ids);
  [[nodiscard]] Result<std::string> create_container(const PlannedContainer& container,
                                                     const std::string& cgroup_parent,
                                                     const std::vector<std::string>& ids);
  void first_runs(const std::shared_ptr<ProjectRun>& run, const Status& outcome);
  void clean_up();
  void progress(const std::string& message) const;
  void finish(Result<std::shared_ptr<Task>> outcome);

  Means means_;
  const TaskConfig task_;
  const ProjectFolder folder_;
  StartEvents events_;
  std::function<void()> on_over_;
  std::string text_;
  std::shared_ptr<const ProjectPlan> plan_;
  std::int64_t engine_deadline_ns_ = 0;  // steady
  std::int64_t create_deadline_ns_ = 0;  // steady
  bool told_waiting_ = false;
  std::mutex mutex_;
  std::map<std::string, std::string> image_ids_;  // by the name in the file
  int images_round_ = 0;  // how often they were looked for: late answers do not count
  std::size_t images_missing_ = 0;
  bool image_failed_ = false;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> over_ = false;
};

}  // namespace yurt::drivers::compose
