#include "jobspec/diff/diff.h"

#include <gtest/gtest.h>

#include "job_text.h"

namespace yurt::jobspec {
namespace {

// "Type Name: Old -> New" of every field, objects indented beneath.
template <typename Part>
void describe(const Part& part, const std::string& indent, std::string& out) {
  for (const auto& field : part.fields()) {
    out += indent + field.type() + " " + field.name() + ": " + field.old() + " -> " + field.new_();
    for (const auto& annotation : field.annotations()) out += " (" + annotation + ")";
    out += "\n";
  }
  if constexpr (requires { part.objects(); }) {
    for (const auto& object : part.objects()) {
      out += indent + object.type() + " " + object.name() + "\n";
      describe(object, indent + "  ", out);
    }
  }
}

std::string described(const model::JobDiff& diff) {
  std::string out = diff.type() + " job " + diff.id() + "\n";
  describe(diff, "  ", out);
  for (const auto& group : diff.task_groups()) {
    out += "  " + group.type() + " group " + group.name() + "\n";
    describe(group, "    ", out);
    for (const auto& task : group.tasks()) {
      out += "    " + task.type() + " task " + task.name();
      for (const auto& annotation : task.annotations()) out += " (" + annotation + ")";
      out += "\n";
      describe(task, "      ", out);
    }
  }
  return out;
}

std::string diff_of(const std::string& before, const std::string& after, DiffOptions options = {}) {
  const model::Job a = job_with_defaults(before), b = job_with_defaults(after);
  return described(diff_jobs(&a, &b, options));
}

TEST(Diff, SaysNoneForTheSameJob) {
  EXPECT_EQ(diff_of(task_job(""), task_job("")), "None job j\n  None group g\n    None task t\n");
}

TEST(Diff, ShowsEditedFieldsWithTheirOldAndNewValues) {
  EXPECT_EQ(diff_of(task_job("kill_timeout = \"5s\"", "count = 1", "priority = 50"),
                    task_job("kill_timeout = \"9s\"", "count = 3", "priority = 60")),
            "Edited job j\n"
            "  Edited Priority: 50 -> 60\n"
            "  Edited group g\n"
            "    Edited Count: 1 -> 3\n"
            "    Edited task t\n"
            "      Edited KillTimeout: 5000000000 -> 9000000000\n");
}

TEST(Diff, FlattensMapsAndConfig) {
  EXPECT_EQ(diff_of(task_job("env { A = 1 }\nconfig {\ncommand = \"x\"\nargs = [\"a\", \"b\"]\n}"),
                    task_job("env { B = 2 }\nconfig {\ncommand = \"x\"\nargs = [\"a\", \"c\"]\n}")),
            "Edited job j\n"
            "  Edited group g\n"
            "    Edited task t\n"
            "      Deleted Env[A]: 1 -> \n"
            "      Added Env[B]:  -> 2\n"
            "      Edited Config\n"
            "        Edited args[1]: b -> c\n");
}

TEST(Diff, ShowsUnchangedFieldsOnlyInContext) {
  const std::string text = diff_of(task_job("resources { cpu = 100 }"),
                                   task_job("resources { cpu = 200 }"), {.contextual = true});
  EXPECT_NE(text.find("Edited CPU: 100 -> 200"), std::string::npos) << text;
  EXPECT_NE(text.find("None MemoryMB: 300 -> 300"), std::string::npos) << text;
}

TEST(Diff, ComparesListsOfTextAsSets) {
  EXPECT_EQ(diff_of(task_job("", "", "datacenters = [\"a\", \"b\"]"),
                    task_job("", "", "datacenters = [\"b\", \"c\"]")),
            "Edited job j\n"
            "  Edited Datacenters\n"
            "    Added Datacenters:  -> c\n"
            "    Deleted Datacenters: a -> \n"
            "  None group g\n    None task t\n");
}

TEST(Diff, PairsBlocksByNameAndOthersByContent) {
  const auto with = [](const char* port, const char* value) {
    return task_job("", std::string("network {\nport \"http\" {") + port +
                            "}\n}\nconstraint {\nattribute = \"${attr.x}\"\nvalue = \"" + value +
                            "\"\n}");
  };
  EXPECT_EQ(diff_of(with("to = 1", "a"), with("to = 2", "b")),
            "Edited job j\n"
            "  Edited group g\n"
            "    Deleted Constraint\n"
            "      Deleted LTarget: ${attr.x} -> \n"
            "      Deleted Operand: = -> \n"
            "      Deleted RTarget: a -> \n"
            "    Added Constraint\n"
            "      Added LTarget:  -> ${attr.x}\n"
            "      Added Operand:  -> =\n"
            "      Added RTarget:  -> b\n"
            "    Deleted Network\n"
            "      Deleted Dynamic Port\n"
            "        Deleted HostNetwork: default -> \n"
            "        Deleted IgnoreCollision: false -> \n"
            "        Deleted Label: http -> \n"
            "        Deleted To: 1 -> \n"
            "        Deleted Value: 0 -> \n"
            "    Added Network\n"
            "      Added Dynamic Port\n"
            "        Added HostNetwork:  -> default\n"
            "        Added IgnoreCollision:  -> false\n"
            "        Added Label:  -> http\n"
            "        Added To:  -> 2\n"
            "        Added Value:  -> 0\n"
            "    None task t\n");
}

TEST(Diff, ShowsAddedAndDeletedJobsGroupsAndTasks) {
  const model::Job job = job_with_defaults(task_job(""));
  const model::JobDiff added = diff_jobs(nullptr, &job);
  EXPECT_EQ(added.type(), "Added");
  EXPECT_EQ(added.task_groups(0).type(), "Added");
  EXPECT_EQ(added.task_groups(0).tasks(0).type(), "Added");
  const model::JobDiff deleted = diff_jobs(&job, nullptr);
  EXPECT_EQ(deleted.type(), "Deleted");
  EXPECT_EQ(deleted.id(), "j");
  EXPECT_EQ(deleted.task_groups(0).tasks(0).type(), "Deleted");
}

TEST(Diff, IgnoresTheServersBookkeeping) {
  const model::Job before = job_with_defaults(task_job(""));
  model::Job after = before;
  after.set_status("running");
  after.set_version(7);
  after.set_modify_index(12);
  after.set_submit_time(1);
  after.mutable_version_tag()->set_name("v1");
  EXPECT_EQ(diff_jobs(&before, &after).type(), "None");
  EXPECT_FALSE(spec_changed(before, after));
  after.set_stop(true);
  EXPECT_EQ(diff_jobs(&before, &after).type(), "Edited");
  EXPECT_TRUE(spec_changed(before, after));
}

TEST(Diff, SeesEveryChangeOfTheSpecification) {
  const model::Job before = job_with_defaults(task_job("config { command = \"a\" }"));
  for (const std::string& text :
       {task_job("config { command = \"b\" }"), task_job(""), task_job("", "count = 2"),
        task_job("config {\ncommand = \"a\"\nx = {}\n}"),
        task_job("config { command = \"a\" }\nenv { A = 1 }"),
        task_job("config { command = \"a\" }", "network {\nport \"p\" {}\n}")}) {
    const model::Job after = job_with_defaults(text);
    EXPECT_TRUE(spec_changed(before, after)) << text;
    EXPECT_EQ(diff_jobs(&before, &after).type(), "Edited") << text;
  }
  EXPECT_FALSE(spec_changed(before, job_with_defaults(task_job("config { command = \"a\" }"))));
}

TEST(Annotate, CountsWhatThePlanDoesToEachGroup) {
  const model::Job job = job_with_defaults(task_job(""));
  model::JobDiff diff = diff_jobs(nullptr, &job);
  model::PlanAnnotations plan;
  auto& desired = (*plan.mutable_desired_tg_updates())["g"];
  desired.set_place(3);
  desired.set_destructive_update(1);
  annotate(diff, plan);
  EXPECT_EQ(diff.task_groups(0).updates().size(), 2U);
  EXPECT_EQ(diff.task_groups(0).updates().at("create"), 3U);
  EXPECT_EQ(diff.task_groups(0).updates().at("create/destroy update"), 1U);
  EXPECT_EQ(diff.task_groups(0).tasks(0).annotations(0), "forces create");
}

std::string annotated(const std::string& before, const std::string& after) {
  const model::Job a = job_with_defaults(before), b = job_with_defaults(after);
  model::JobDiff diff = diff_jobs(&a, &b);
  annotate(diff, {});
  return described(diff);
}

TEST(Annotate, SaysWhatAChangeForces) {
  EXPECT_NE(annotated(task_job("", "count = 1"), task_job("", "count = 2"))
                .find("Count: 1 -> 2 (forces create)"),
            std::string::npos);
  EXPECT_NE(annotated(task_job("", "count = 2"), task_job("", "count = 1"))
                .find("Count: 2 -> 1 (forces destroy)"),
            std::string::npos);
  EXPECT_NE(annotated(task_job("user = \"a\""), task_job("user = \"b\""))
                .find("Edited task t (forces create/destroy update)"),
            std::string::npos);
  for (const char* in_place : {"kill_timeout = \"9s\"", "leader = true", "logs { max_files = 2 }",
                               "restart { attempts = 1 }", "service { name = \"x\" }"}) {
    EXPECT_NE(
        annotated(task_job(""), task_job(in_place)).find("Edited task t (forces in-place update)"),
        std::string::npos)
        << in_place;
  }
  for (const char* replacing : {"logs { disabled = true }", "restart { render_templates = true }",
                                "env { A = 1 }", "resources { cpu = 7 }"}) {
    EXPECT_NE(annotated(task_job(""), task_job(replacing))
                  .find("Edited task t (forces create/destroy update)"),
              std::string::npos)
        << replacing;
  }
}

}  // namespace
}  // namespace yurt::jobspec
