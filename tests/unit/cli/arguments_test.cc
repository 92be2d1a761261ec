#include "cli/arguments.h"

#include <gtest/gtest.h>

namespace yurt::cli {
namespace {

using Words = std::vector<std::string>;

class ArgumentsTest : public testing::Test {
 protected:
  ArgumentsTest() {
    CLI::App* job = root_.add_subcommand("job");
    job->require_subcommand(1);
    CLI::App* run = job->add_subcommand("run");
    run->add_option("file", text_);
    run->add_flag("--detach", flag_);
    run->add_option("--var", texts_)->allow_extra_args(false);
    CLI::App* exec = job->add_subcommand("exec");
    exec->add_option("alloc", text_);
    exec->add_option("command", texts_);
    exec->add_option("--task", text_);
    exec->add_flag("-i,--interactive", flag_);
    pass_words_on(*exec);
  }

  Words words(const Words& typed) {
    Arguments out;
    const Status read = normalise(root_, typed, out);
    EXPECT_TRUE(read.ok()) << read.error().message;
    return out.words;
  }
  std::string refusal(const Words& typed) {
    Arguments out;
    const Status read = normalise(root_, typed, out);
    return read.ok() ? "" : read.error().message;
  }

  CLI::App root_{"test", "yurt"};
  std::string text_;
  std::vector<std::string> texts_;
  bool flag_ = false;
};

TEST_F(ArgumentsTest, flags_have_one_dash_or_two_anywhere) {
  const Words expected{"job", "run", "--detach", "--", "x"};
  EXPECT_EQ(words({"job", "run", "-detach", "x"}), expected);
  EXPECT_EQ(words({"job", "run", "--detach", "x"}), expected);
  EXPECT_EQ(words({"job", "run", "x", "-detach"}), expected);
  EXPECT_EQ(words({"job", "run", "-detach=false", "x"}),
            (Words{"job", "run", "--detach=false", "--", "x"}));
}

TEST_F(ArgumentsTest, values_are_taken_as_they_are) {
  EXPECT_EQ(words({"job", "run", "-var", "-detach", "-"}),
            (Words{"job", "run", "--var", "-detach", "--", "-"}));
  EXPECT_EQ(words({"job", "run", "--var=a=b"}), (Words{"job", "run", "--var", "a=b"}));
  EXPECT_EQ(words({"job", "run", "--", "-x"}), (Words{"job", "run", "--", "-x"}));
}

TEST_F(ArgumentsTest, words_for_another_command_are_left_alone) {
  EXPECT_EQ(words({"job", "exec", "-task", "t", "-i=false", "a", "ls", "-task", "--", "-i"}),
            (Words{"job", "exec", "--task", "t", "--interactive=false", "--", "a", "ls", "-task",
                   "--", "-i"}));
  EXPECT_EQ(words({"job", "exec", "a", "--", "ls", "-l"}),
            (Words{"job", "exec", "--", "a", "ls", "-l"}));
}

TEST_F(ArgumentsTest, mistakes_are_named_with_the_nearest_right_word) {
  EXPECT_EQ(refusal({"job", "rnu"}),
            "`yurt job` has no command \"rnu\". Did you mean `yurt job run`?");
  EXPECT_EQ(refusal({"job", "run", "-detahc"}),
            "`yurt job run` has no flag -detahc. Did you mean `-detach`?");
  EXPECT_EQ(refusal({"job", "run", "-zzzzzzzz"}), "`yurt job run` has no flag -zzzzzzzz.");
  EXPECT_EQ(refusal({"job", "run", "-var"}), "the flag -var needs a value");
  EXPECT_EQ(refusal({"job", "run", "a", "b"}), "`yurt job run` does not expect \"b\"");
}

}  // namespace
}  // namespace yurt::cli
