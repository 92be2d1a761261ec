// The output of many containers in one set of files, and what an agent keeps of a project.
#include "drivers/compose/logs/project_log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "drivers/compose/project/project_record.h"

namespace yurt::drivers::compose {
namespace {

namespace fs = std::filesystem;

class ProjectLogs : public ::testing::Test {
 protected:
  ProjectLogs() {
    std::string pattern = (fs::temp_directory_path() / "yurt-plog-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    files_.folder = root_;
    files_.prefix = "t";
  }
  ~ProjectLogs() override { fs::remove_all(root_); }

  std::shared_ptr<ProjectLog> open() {
    auto log = ProjectLog::open(files_, root_ + "/position");
    EXPECT_TRUE(log.ok());
    return *log;
  }
  std::string text(const std::string& name = "t.stdout.0") {
    std::ostringstream out;
    out << std::ifstream(root_ + "/" + name).rdbuf();
    return out.str();
  }
  static std::string at(int second, const std::string& text) {
    return "2026-01-01T00:00:0" + std::to_string(second) + ".000000000Z " + text;
  }

  std::string root_;
  LogFiles files_;
};

TEST_F(ProjectLogs, every_line_begins_with_its_container) {
  const auto log = open();
  const auto a = log->channel("a-1");
  const auto b = log->channel("b-1");
  a->message(false, at(1, "one\n"));
  b->message(false, at(1, "two\n"));
  b->message(true, at(1, "bad\n"));
  log->say("a-1", "it ended");
  EXPECT_EQ(text(), "a-1 | one\nb-1 | two\n");
  EXPECT_EQ(text("t.stderr.0"), "b-1 | bad\na-1 | it ended\n");
}

TEST_F(ProjectLogs, pieces_of_a_long_line_are_put_together_unless_another_comes_between) {
  const auto log = open();
  const auto a = log->channel("a-1");
  const auto b = log->channel("b-1");
  a->message(false, at(1, "one "));
  a->message(false, at(1, "two\n"));
  a->message(false, at(2, "cut"));
  b->message(false, at(2, "in\n"));
  a->message(false, at(3, "off\n"));
  EXPECT_EQ(text(), "a-1 | one two\na-1 | cut\nb-1 | in\na-1 | off\n");
}

TEST_F(ProjectLogs, a_new_log_takes_back_what_was_not_noted_and_leaves_out_what_was) {
  {
    const auto log = open();
    const auto a = log->channel("a-1");
    a->message(false, at(1, "one\n"));
    a->message(false, at(2, "two\n"));
    a->note();
    a->message(false, at(2, "lost with the agent\n"));
  }
  const auto log = open();
  EXPECT_EQ(text(), "a-1 | one\na-1 | two\n");
  const auto a = log->channel("a-1");
  EXPECT_FALSE(a->since().empty());
  a->rewind();
  a->message(false, at(2, "two\n"));
  a->message(false, at(2, "lost with the agent\n"));
  a->message(false, at(3, "three\n"));
  EXPECT_EQ(text(), "a-1 | one\na-1 | two\na-1 | lost with the agent\na-1 | three\n");
  EXPECT_TRUE(log->channel("b-1")->since().empty());
}

TEST_F(ProjectLogs, a_restarted_container_goes_on_where_it_was) {
  const auto log = open();
  log->channel("a-1")->message(false, at(1, "one\n"));
  const auto again = log->channel("a-1");
  again->message(false, at(1, "one\n"));
  again->message(false, at(2, "two\n"));
  EXPECT_EQ(text(), "a-1 | one\na-1 | two\n");
}

TEST_F(ProjectLogs, a_first_log_leaves_the_files_of_an_earlier_run_alone) {
  std::ofstream(root_ + "/t.stdout.0") << "before\n";
  const auto log = open();
  log->channel("a-1")->message(false, at(1, "after\n"));
  EXPECT_EQ(text(), "before\na-1 | after\n");
}

TEST_F(ProjectLogs, a_record_is_read_as_it_was_written) {
  const ProjectFolder folder(root_, "a.t.1");
  ASSERT_TRUE(folder.make().ok());
  ProjectRecord record;
  record.task.id = "a.t.1";
  record.task.env = {{"A", "1"}};
  record.task.resources.cores = {1, 2};
  record.task.ports = {{"http", "1.2.3.4", 80, 8080}};
  record.task.mounts = {{"/a", "/b", true}};
  record.task.devices.granted = {{"nvidia", "GPU-1", {"/dev/nvidia0"}}};
  record.task.logs.prefix = "t";
  record.text = "services: {}";
  record.created = true;
  record.stop = {15, 123};
  ASSERT_TRUE(folder.write(record).ok());
  const auto read = folder.read();
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->task.env, record.task.env);
  EXPECT_EQ(read->task.resources.cores, record.task.resources.cores);
  EXPECT_EQ(read->task.ports[0].inner_port, 8080);
  EXPECT_TRUE(read->task.mounts[0].read_only && read->created);
  EXPECT_EQ(read->stop->deadline_ns, 123);
  EXPECT_EQ(read->task.devices.granted[0].files, record.task.devices.granted[0].files);
  EXPECT_EQ(ProjectFolder::task_ids(root_), std::vector<std::string>{"a.t.1"});
  folder.remove();
  EXPECT_FALSE(folder.read().ok());
}

}  // namespace
}  // namespace yurt::drivers::compose
