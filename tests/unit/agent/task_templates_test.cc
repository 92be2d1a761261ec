#include "agent/template/task_templates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/support/job_builder.h"

namespace yurt::agent {
namespace {

using testing::assignment_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TaskTemplatesTest : public ::testing::Test {
 protected:
  TaskTemplatesTest() : job_(testing::shell_job("true")) {
    char name[] = "/tmp/yurt-templates-XXXXXX";
    root_ = mkdtemp(name);
    std::filesystem::create_directories(root_ / task().name() / "local");
    assignment_ = assignment_of(job_, AllocId::generate(random_));
    auto& block = *task().add_template_();
    block.set_data("{{ with nomadVar \"models/churn\" }}{{ .path }}{{ end }}");
    block.set_destination("local/conf");
    block.set_change_mode("restart");
  }
  ~TaskTemplatesTest() override { std::filesystem::remove_all(root_); }

  model::Task& task() { return *job_.mutable_group(0)->mutable_task(0); }
  void create(bool rolling) {
    templates_ = *TaskTemplates::create(
        task(), environment(), root_,
        {.data = &data_, .ns = "default", .region = "global", .rolling = rolling});
    // Reading it makes it known what is read.
    (void)render();
    data_.read(this, templates_->watches(), [] {});
  }
  TaskEnvironment environment() {
    return TaskEnvironment(assignment_, job_, job_.group(0), task(), {"/a", "/l", "/s"},
                           std::make_shared<NodeFacts>(), {}, {});
  }
  TemplateChanges render() {
    auto changes = templates_->render(environment(), 0);
    EXPECT_TRUE(changes.ok()) << changes.error().message;
    return changes.ok() ? *changes : TemplateChanges{};
  }
  TemplateChanges write(const std::string& path, std::uint64_t index) {
    model::WatchResult result;
    result.set_id(data_.watches().watches(0).id());
    result.set_index(index);
    result.mutable_variable()->set_modify_index(index);
    (*result.mutable_variable()->mutable_items())["path"] = path;
    data_.answered(std::move(result));
    return render();
  }
  std::string file() {
    std::ifstream in(root_ / task().name() / "local" / "conf");
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

  SystemRandom random_;
  model::Job job_;
  model::Assignment assignment_;
  std::filesystem::path root_;
  ClusterData data_;
  std::shared_ptr<TaskTemplates> templates_;
};

TEST_F(TaskTemplatesTest, what_is_missing_is_named_and_nothing_is_rendered) {
  create(false);
  const auto unanswered = render();
  EXPECT_THAT(unanswered.missing, ElementsAre("nomad.var.block(models/churn@default.global)"));
  EXPECT_FALSE(unanswered.answered);
  model::WatchResult none;
  none.set_id(data_.watches().watches(0).id());
  data_.answered(std::move(none));
  const auto absent = render();
  EXPECT_EQ(absent.missing.size(), 1U);
  EXPECT_TRUE(absent.answered);
  EXPECT_EQ(file(), "");
  EXPECT_THAT(write("/1", 5).missing, IsEmpty());
  EXPECT_EQ(file(), "/1");
}

TEST_F(TaskTemplatesTest, without_rolling_a_change_is_written_and_restarts) {
  create(false);
  EXPECT_FALSE(write("/1", 5).restart) << "the first rendering changes nothing";
  const auto changes = write("/2", 6);
  EXPECT_TRUE(changes.restart);
  EXPECT_FALSE(changes.roll);
  EXPECT_EQ(file(), "/2");
  EXPECT_THAT(changes.rendered_again, ElementsAre("main/local/conf (1)"));
}

TEST_F(TaskTemplatesTest, with_rolling_a_change_waits_for_the_instances_turn) {
  create(true);
  write("/1", 5);
  const auto changes = write("/2", 6);
  EXPECT_TRUE(changes.roll);
  EXPECT_FALSE(changes.restart);
  EXPECT_EQ(changes.index, 6U);
  EXPECT_EQ(file(), "/1");
  ASSERT_TRUE(templates_->commit_staged().ok());
  EXPECT_EQ(file(), "/2");
  EXPECT_FALSE(render().roll);
}

TEST_F(TaskTemplatesTest, a_change_that_is_taken_back_waits_for_nothing) {
  create(true);
  write("/1", 5);
  EXPECT_TRUE(write("/2", 6).roll);
  EXPECT_FALSE(write("/1", 7).roll);
  ASSERT_TRUE(templates_->commit_staged().ok());
  EXPECT_EQ(file(), "/1");
}

TEST_F(TaskTemplatesTest, what_was_refused_is_not_asked_for_again_but_what_is_newer) {
  create(true);
  write("/1", 5);
  write("/broken", 6);
  templates_->refuse_staged();
  EXPECT_FALSE(render().roll);
  ASSERT_TRUE(templates_->commit_staged().ok());
  EXPECT_EQ(file(), "/1");
  EXPECT_TRUE(write("/3", 7).roll);
}

TEST_F(TaskTemplatesTest, variables_of_other_namespaces_are_refused) {
  task().mutable_template_(0)->set_data("{{ nomadVar \"b@teams\" }}");
  templates_ = *TaskTemplates::create(task(), environment(), root_,
                                      {.data = &data_, .ns = "default", .region = "global"});
  const auto rendered = templates_->render(environment(), 0);
  ASSERT_FALSE(rendered.ok());
  EXPECT_EQ(rendered.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace yurt::agent
