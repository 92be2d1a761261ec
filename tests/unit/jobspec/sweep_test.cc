#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "base/file.h"
#include "job_text.h"
#include "jobspec/sweep/stop_rule.h"
#include "jobspec/sweep/sweep_trials.h"

namespace yurt::jobspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string sweep_job(const std::string& sweep) {
  return "job \"j\" {\ntype = \"batch\"\nparameterized {\nmeta_optional = [\"lr\", \"depth\"]\n}\n"
         "sweep {\n" +
         sweep + "\n}\ngroup \"g\" {\ntask \"t\" {\ndriver = \"raw_exec\"\n}\n}\n}\n";
}

model::Sweep sweep_of(const std::string& content) {
  return job_with_defaults(sweep_job(content)).sweep();
}

std::vector<std::string> values_of(const model::Sweep& sweep, const std::string& name) {
  EXPECT_TRUE(check_sweep(sweep).ok()) << check_sweep(sweep).error().message;
  std::vector<std::string> out;
  for (std::uint64_t i = 0; i < trial_count(sweep); ++i) {
    out.push_back(trial_parameters(sweep, i).at(name));
  }
  return out;
}

TEST(SweepTrials, OfAGridAreEveryCombinationTheLastParameterFastest) {
  const model::Sweep sweep = sweep_of(
      "parameter \"lr\" {\nvalues = [0.1, 0.01]\n}\nparameter \"depth\" {\nfrom = 2\nto = 4\n}");
  EXPECT_EQ(sweep.method(), "grid");
  EXPECT_EQ(trial_count(sweep), 6U);
  EXPECT_THAT(values_of(sweep, "lr"), ElementsAre("0.1", "0.1", "0.1", "0.01", "0.01", "0.01"));
  EXPECT_THAT(values_of(sweep, "depth"), ElementsAre("2", "3", "4", "2", "3", "4"));
}

TEST(SweepTrials, OfARangeHaveTheDigitsAPersonWouldWrite) {
  EXPECT_THAT(values_of(sweep_of("parameter \"lr\" {\nfrom = 0.1\nto = 0.5\nstep = 0.1\n}"), "lr"),
              ElementsAre("0.1", "0.2", "0.3", "0.4", "0.5"));
  EXPECT_THAT(
      values_of(sweep_of("parameter \"lr\" {\nfrom = 0\nto = 2000000\nstep = 1000000\n}"), "lr"),
      ElementsAre("0", "1000000", "2000000"));
}

TEST(SweepTrials, AtRandomComeFromTheSeedAloneAndStayInTheirRange) {
  const std::string text =
      "method = \"random\"\ncount = 200\nseed = 7\nparameter \"lr\" {\nfrom = 0.0001\nto = 0.1\n"
      "scale = \"log\"\n}\nparameter \"depth\" {\nfrom = 2\nto = 6\ninteger = true\n}";
  const auto rates = values_of(sweep_of(text), "lr");
  EXPECT_EQ(rates, values_of(sweep_of(text), "lr"));
  EXPECT_GT(std::set<std::string>(rates.begin(), rates.end()).size(), 190U);
  int small = 0;
  for (const std::string& rate : rates) {
    EXPECT_GE(std::stod(rate), 0.0001);
    EXPECT_LE(std::stod(rate), 0.1);
    if (std::stod(rate) < 0.001) ++small;
  }
  // One of the three decades; a linear scale would put about two of two hundred there.
  EXPECT_GT(small, 40);
  const auto depths = values_of(sweep_of(text), "depth");
  EXPECT_THAT(std::set<std::string>(depths.begin(), depths.end()),
              ElementsAre("2", "3", "4", "5", "6"));
}

TEST(SweepTrials, SayWhatIsWrongWithASweep) {
  const auto problem = [](const std::string& content) {
    const Status status = check_sweep(sweep_of(content));
    return status.ok() ? std::string() : status.error().message;
  };
  EXPECT_THAT(problem(""), HasSubstr("at least one parameter"));
  EXPECT_THAT(problem("method = \"best\""), HasSubstr("\"grid\", \"random\" or \"list\""));
  EXPECT_THAT(problem("parameter \"lr\" {\n}"), HasSubstr("either values or from and to"));
  EXPECT_THAT(problem("parameter \"lr\" {\nfrom = 2\nto = 1\n}"), HasSubstr("from not above to"));
  EXPECT_THAT(problem("parameter \"lr\" {\nfrom = 0\nto = 1\nstep = 0\n}"), HasSubstr("above 0"));
  EXPECT_THAT(problem("parameter \"lr\" {\nfrom = 0\nto = 1\nstep = 1e-300\n}"),
              HasSubstr("more than 1000000"));
  EXPECT_THAT(problem("parameter \"lr\" {\nfrom = 1\nto = 2000\n}\nparameter \"depth\" {\nfrom = "
                      "1\nto = 2000\n}"),
              HasSubstr("more than 1000000 trials"));
  EXPECT_THAT(problem("method = \"random\"\nparameter \"lr\" {\nvalues = [1]\n}"),
              HasSubstr("count above 0"));
  EXPECT_THAT(problem("method = \"list\""), HasSubstr("needs trials"));
  EXPECT_THAT(problem("trial {\nvalues = { lr = 1 }\n}\ntrial {\nvalues = { depth = 1 }\n}"),
              HasSubstr("trial 2 of the sweep lacks \"lr\""));
  EXPECT_THAT(problem("stop_when = \"accuracy\"\nparameter \"lr\" {\nvalues = [1]\n}"),
              HasSubstr("accuracy >= 0.97"));
  EXPECT_THAT(problem("max_failures = -1\nparameter \"lr\" {\nvalues = [1]\n}"),
              HasSubstr("max_failures"));
}

TEST(StopRule, IsMetByTheMetricItNames) {
  const auto rule = parse_stop_rule(" accuracy >= 0.97 ");
  ASSERT_TRUE(rule.ok()) << rule.error().message;
  EXPECT_EQ(rule->metric, "accuracy");
  EXPECT_TRUE(rule->met_by(0.97));
  EXPECT_FALSE(rule->met_by(0.969));
  EXPECT_TRUE(parse_stop_rule("loss<1e-3")->met_by(0.0001));
  for (const char* bad :
       {"", "accuracy", "accuracy == 1", ">= 1", "accuracy >= high", "a >= 1 2"}) {
    EXPECT_FALSE(parse_stop_rule(bad).ok()) << bad;
  }
}

// A job file with a file of trials beside it.
class SweepFile : public testing::Test {
 protected:
  SweepFile() {
    std::string pattern = std::filesystem::temp_directory_path() / "yurt-sweep-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SweepFile() override { std::filesystem::remove_all(folder_); }

  ParsedJob parse_with(const std::string& name, const std::string& trials) {
    EXPECT_TRUE(write_file_atomically(folder_ / name, trials).ok());
    ParseOptions options;
    options.base_folder = folder_;
    return parse_text(sweep_job("file = \"" + name + "\""), options);
  }
  std::string problem(const std::string& trials) {
    const ParsedJob parsed = parse_with("trials", trials);
    if (parsed.diagnostics.empty()) return "";
    const std::string line = hcl::one_line(parsed.diagnostics.list().front());
    EXPECT_TRUE(line.starts_with(folder_.string() + "/")) << line;
    return line.substr(folder_.string().size() + 1);
  }

  std::filesystem::path folder_;
};

TEST_F(SweepFile, InCsvHasAHeaderWithTheParameters) {
  const ParsedJob parsed =
      parse_with("trials.csv", "lr,depth\r\n0.1,2\r\n\r\n\"0.01\",\"a \"\"b\"\", c\"");
  ASSERT_TRUE(parsed.job) << hcl::render(parsed.diagnostics);
  model::Job job = *parsed.job;
  apply_defaults(job);
  EXPECT_EQ(job.sweep().method(), "list");
  EXPECT_FALSE(job.sweep().has_file());
  ASSERT_EQ(trial_count(job.sweep()), 2U);
  EXPECT_THAT(trial_parameters(job.sweep(), 0), ElementsAre(Pair("depth", "2"), Pair("lr", "0.1")));
  EXPECT_THAT(trial_parameters(job.sweep(), 1),
              ElementsAre(Pair("depth", "a \"b\", c"), Pair("lr", "0.01")));
}

TEST_F(SweepFile, InJsonHasOneObjectForEachTrial) {
  const ParsedJob parsed = parse_with(
      "trials.jsonl", "{\"lr\": 0.10, \"depth\": \"x\"}\n{\"lr\": 1e-5, \"depth\": true}\n");
  ASSERT_TRUE(parsed.job) << hcl::render(parsed.diagnostics);
  ASSERT_EQ(parsed.job->sweep().trial_size(), 2);
  EXPECT_EQ(parsed.job->sweep().trial(0).values().at("lr"), "0.10");
  EXPECT_EQ(parsed.job->sweep().trial(1).values().at("lr"), "1e-5");
  EXPECT_EQ(parsed.job->sweep().trial(1).values().at("depth"), "true");
}

TEST_F(SweepFile, ReportsWhatIsWrongWithItsPlace) {
  EXPECT_EQ(problem("lr,depth\n0.1\n"),
            "trials:2:1: Unusable trials; the trial has 1 fields; the header has 2.");
  EXPECT_THAT(problem("lr,lr\n1,2\n"), HasSubstr("trials:1:4: Unusable trials; column \"lr\""));
  EXPECT_THAT(problem("lr,\n1,2\n"), HasSubstr("trials:1:4: Unusable trials; a column has no"));
  EXPECT_THAT(problem("lr\n\"1\n"), HasSubstr("trials:2:1: Unusable trials; the field's closing"));
  EXPECT_THAT(problem("lr\n1\"\n"), HasSubstr("trials:2:2"));
  EXPECT_THAT(problem("lr\n"), HasSubstr("holds no trials"));
  EXPECT_THAT(problem(""), HasSubstr("holds no trials"));
  EXPECT_THAT(problem("{\"lr\": 1}\n{\"lr\": [1]}\n"), HasSubstr("trials:2:8"));
  EXPECT_THAT(problem("{\"lr\": 1}\nlr"), HasSubstr("trials:2:1"));
  EXPECT_THAT(problem("{\"lr\": 1, \"lr\": 2}"), HasSubstr("comes twice"));
}

TEST_F(SweepFile, ThatCannotBeReadIsReportedWhereTheJobNamesIt) {
  ParseOptions options;
  options.base_folder = folder_;
  const ParsedJob missing = parse_text(sweep_job("file = \"nothing.csv\""), options);
  ASSERT_FALSE(missing.job);
  EXPECT_THAT(hcl::one_line(missing.diagnostics.list().front()), HasSubstr("test.nomad.hcl:7:8"));
  const ParsedJob on_server = parse_text(sweep_job("file = \"trials.csv\""));
  ASSERT_FALSE(on_server.job);
  EXPECT_THAT(hcl::render(on_server.diagnostics), HasSubstr("yurt job run"));
}

}  // namespace
}  // namespace yurt::jobspec
