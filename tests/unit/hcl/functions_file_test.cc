// File functions, with and without access to files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

class FileFunctions : public testing::Test {
 protected:
  FileFunctions() {
    std::string name = std::filesystem::temp_directory_path() / "yurt-hcl-XXXXXX";
    folder_ = mkdtemp(name.data());
    std::filesystem::create_directories(folder_ / "a/b");
    write("x.txt", "hello\n");
    write("a/y.txt", "y");
    write("a/b/z.tpl", "z");
    write("raw.bin", "\xff");
    const auto functions = standard_functions({&test_random(), folder_});
    context_ = EvalContext::create({}, functions);
  }
  ~FileFunctions() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
  }
  std::string run(const std::string& expression) const { return eval(expression, context_); }

  std::filesystem::path folder_;
  ContextPtr context_;
};

TEST_F(FileFunctions, read_relative_to_the_job_file) {
  EXPECT_EQ(run("file(\"x.txt\")"), "\"hello\\n\"");
  EXPECT_EQ(run("file(\"" + (folder_ / "a/y.txt").string() + "\")"), "\"y\"");
  EXPECT_EQ(run("filebase64(\"raw.bin\")"), "\"/w==\"");
  EXPECT_EQ(run("[fileexists(\"x.txt\"), fileexists(\"nope\")]"), "[true,false]");
}

TEST_F(FileFunctions, say_why_a_file_cannot_be_read) {
  EXPECT_THAT(run("file(\"nope\")"), HasSubstr("no file exists at \"nope\""));
  EXPECT_THAT(run("file(\"a\")"), HasSubstr("not a regular file"));
  EXPECT_THAT(run("file(\"raw.bin\")"), HasSubstr("use filebase64"));
  EXPECT_THAT(run("fileexists(\"a\")"), HasSubstr("a folder"));
  EXPECT_THAT(run("file(\"~nobody/x\")"), HasSubstr("cannot expand"));
}

TEST_F(FileFunctions, list_by_pattern) {
  EXPECT_EQ(run("fileset(\".\", \"*.txt\")"), "[\"x.txt\"]");
  EXPECT_EQ(run("fileset(\".\", \"**\")"), R"(["a/b/z.tpl","a/y.txt","raw.bin","x.txt"])");
  EXPECT_EQ(run("fileset(\".\", \"**/*.{txt,tpl}\")"), R"(["a/b/z.tpl","a/y.txt","x.txt"])");
  EXPECT_EQ(run("fileset(\"a\", \"?.[a-z]xt\")"), "[\"y.txt\"]");
  EXPECT_EQ(run("fileset(\"a\", \"[!y].*\")"), "[]");
  EXPECT_EQ(run("fileset(\"nope\", \"*\")"), "[]");
  EXPECT_THAT(run("fileset(\".\", \"{a\")"), HasSubstr("a { is not closed"));
  EXPECT_THAT(run("fileset(\".\", \"[a\")"), HasSubstr("a [ is not closed"));
}

TEST_F(FileFunctions, take_paths_apart) {
  EXPECT_EQ(run("[basename(\"a/b.txt\"), basename(\"/\"), basename(\"\"), basename(\"a/b/\")]"),
            R"(["b.txt","/",".","b"])");
  EXPECT_EQ(run("[dirname(\"a/b.txt\"), dirname(\"x\"), dirname(\"/x\"), dirname(\"a/b/\")]"),
            R"(["a",".","/","a/b"])");
  EXPECT_EQ(run("abspath(\"/a/../b/\")"), "\"/b\"");
  ASSERT_EQ(setenv("HOME", "/home/x", 1), 0);
  EXPECT_EQ(run("pathexpand(\"~/y\")"), "\"/home/x/y\"");
  EXPECT_EQ(run("pathexpand(\"/y\")"), "\"/y\"");
}

TEST(FileFunctionsWithoutAccess, say_where_they_work) {
  for (const std::string call :
       {"abspath(\"x\")", "basename(\"x\")", "dirname(\"x\")", "file(\"x\")", "filebase64(\"x\")",
        "fileexists(\"x\")", "fileset(\"x\", \"*\")", "pathexpand(\"x\")"}) {
    EXPECT_THAT(eval(call), HasSubstr("work only in the command line")) << call;
  }
}

}  // namespace
}  // namespace yurt::hcl
