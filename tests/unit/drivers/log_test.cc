// Log files: rotation loses and reorders nothing.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/file.h"
#include "base/unique_fd.h"
#include "drivers/shim/process/log_writer.h"
#include "tests/unit/drivers/raw_exec_fixture.h"

namespace yurt::drivers {
namespace {

class LogFolder {
 public:
  LogFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "yurt-log-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    fd_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~LogFolder() { std::filesystem::remove_all(path_); }

  // Writes all pieces with one writer, as one run of a task does.
  void write(const std::vector<std::string>& pieces, std::uint64_t max_bytes,
             std::uint32_t max_files) {
    shim::LogWriter writer;
    ASSERT_TRUE(writer.open(fd_.get(), "web.stdout.", max_bytes, max_files));
    for (const std::string& piece : pieces) writer.write(piece.data(), piece.size());
    EXPECT_EQ(writer.lost_bytes(), 0U);
  }
  [[nodiscard]] std::map<int, std::string> files() const {
    std::map<int, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      files[std::stoi(name.substr(name.rfind('.') + 1))] = read_file(entry.path()).value();
    }
    return files;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  UniqueFd fd_;
};

std::string joined(const std::map<int, std::string>& files) {
  std::string text;
  for (const auto& [index, content] : files) text += content;
  return text;
}

TEST(log_writer, begins_with_file_zero) {
  LogFolder folder;
  folder.write({"a\n"}, 100, 3);
  EXPECT_EQ(folder.files(), (std::map<int, std::string>{{0, "a\n"}}));
}

TEST(log_writer, cuts_files_at_the_end_of_a_line) {
  LogFolder folder;
  folder.write({"12345\n123456\n12\n"}, 10, 9);
  EXPECT_EQ(folder.files(), (std::map<int, std::string>{{0, "12345\n"}, {1, "123456\n12\n"}}));
}

TEST(log_writer, keeps_a_line_that_comes_whole_in_one_file) {
  LogFolder folder;
  folder.write({"12345\n", "1234567\n"}, 10, 9);
  EXPECT_EQ(folder.files(), (std::map<int, std::string>{{0, "12345\n"}, {1, "1234567\n"}}));
}

TEST(log_writer, cuts_a_line_that_is_longer_than_a_file) {
  LogFolder folder;
  folder.write({"12345678901234567890123\n"}, 10, 9);
  EXPECT_EQ(folder.files(),
            (std::map<int, std::string>{{0, "1234567890"}, {1, "1234567890"}, {2, "123\n"}}));
}

TEST(log_writer, keeps_the_newest_files_and_lets_the_index_grow) {
  LogFolder folder;
  folder.write({"a\n", "b\n", "c\n", "d\n", "e\n"}, 2, 2);
  EXPECT_EQ(folder.files(), (std::map<int, std::string>{{3, "d\n"}, {4, "e\n"}}));
}

TEST(log_writer, a_new_run_goes_on_with_the_newest_file) {
  LogFolder folder;
  folder.write({"a\n", "b\n"}, 4, 5);
  folder.write({"c\n"}, 4, 5);
  EXPECT_EQ(folder.files(), (std::map<int, std::string>{{0, "a\nb\n"}, {1, "c\n"}}));
}

TEST(log_writer, removes_files_beyond_a_lowered_limit_when_it_opens) {
  LogFolder folder;
  folder.write({"a\n", "b\n", "c\n", "d\n"}, 2, 10);
  folder.write({}, 2, 2);
  EXPECT_EQ(folder.files(), (std::map<int, std::string>{{2, "c\n"}, {3, "d\n"}}));
}

TEST(log_writer, leaves_other_files_alone) {
  LogFolder folder;
  for (const char* name : {"web.stdout.x", "web.stdout.", "web.stderr.7", "webb.stdout.3",
                           "web.stdout.12x", "web.stdout.-1"}) {
    std::ofstream(folder.path() / name) << "theirs";
  }
  folder.write({"a\n", "b\n", "c\n"}, 2, 1);
  EXPECT_EQ(read_file(folder.path() / "web.stdout.2").value(), "c\n");
  EXPECT_EQ(read_file(folder.path() / "web.stderr.7").value(), "theirs");
  EXPECT_EQ(read_file(folder.path() / "web.stdout.12x").value(), "theirs");
}

TEST(log_writer, follows_no_link_and_fills_no_pipe_that_stands_in_a_files_place) {
  LogFolder folder;
  const auto victim = folder.path() / "victim.0";
  std::ofstream(victim) << "safe";
  std::filesystem::create_symlink(victim, folder.path() / "web.stdout.0");
  folder.write({"a\n"}, 100, 3);
  EXPECT_EQ(read_file(victim).value(), "safe");
  EXPECT_EQ(read_file(folder.path() / "web.stdout.1").value(), "a\n");
  ASSERT_EQ(::mkfifo((folder.path() / "web.stdout.2").c_str(), 0600), 0);
  folder.write({"b\n"}, 100, 3);
  EXPECT_EQ(read_file(folder.path() / "web.stdout.3").value(), "b\n");
}

// Whatever is written, in whatever pieces and runs: the files together hold the end of it, no file
// is too large, and nothing is missing while the files have room for all.
RC_GTEST_PROP(log_writer, loses_and_reorders_nothing, ()) {
  const auto max_bytes = *rc::gen::inRange<std::uint64_t>(1, 40);
  const auto max_files = *rc::gen::inRange<std::uint32_t>(1, 6);
  const auto letter = rc::gen::element('a', 'b', 'c', '\n');
  const auto pieces_of_a_run =
      rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(letter));
  const auto runs = *rc::gen::resize(
      10, rc::gen::container<std::vector<std::vector<std::string>>>(pieces_of_a_run));
  LogFolder folder;
  std::string all;
  for (const auto& pieces : runs) {
    folder.write(pieces, max_bytes, max_files);
    for (const std::string& piece : pieces) all += piece;
  }
  const auto files = folder.files();
  RC_ASSERT(all.ends_with(joined(files)));
  RC_ASSERT(files.size() <= max_files);
  for (const auto& [index, content] : files) RC_ASSERT(content.size() <= max_bytes);
  if (!files.empty() && files.begin()->first == 0) RC_ASSERT(joined(files) == all);
}

TEST_F(RawExecTest, loses_no_byte_of_a_flood_over_many_rotations) {
  TaskConfig config = shell("seq 1 900000; seq 1 300000 >&2");
  config.logs.max_files = 50;
  config.logs.max_file_size_mib = 1;
  EXPECT_TRUE(run(std::move(config)).successful());
  std::string expected;
  for (int i = 1; i <= 900000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_TRUE(output("web", "stdout") == expected);
  expected.clear();
  for (int i = 1; i <= 300000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_TRUE(output("web", "stderr") == expected);
  EXPECT_GT(std::distance(std::filesystem::directory_iterator(logs()), {}), 6);
}

TEST_F(RawExecTest, keeps_only_max_files_of_a_flood) {
  TaskConfig config = shell("seq 1 600000");
  config.logs.max_files = 2;
  config.logs.max_file_size_mib = 1;
  run(std::move(config));
  EXPECT_TRUE(output().ends_with("\n599999\n600000\n"));
  EXPECT_LE(output().size(), 2U << 20);
}

TEST_F(RawExecTest, keeps_the_last_words_of_a_killed_task) {
  const auto task = start(shell("seq 1 5000; echo x > ready; exec sleep 1000"));
  await_file(task_folder() / "ready");
  EXPECT_TRUE(task->stop(SIGTERM, 0).ok());
  AwaitedExit(*task).wait();
  EXPECT_TRUE(output().ends_with("4999\n5000\n"));
  EXPECT_TRUE(task->destroy().ok());
}

TEST_F(RawExecTest, a_restarted_task_appends_to_its_newest_log) {
  run(shell("echo one"));
  run(shell("echo two"));
  EXPECT_EQ(read_file(logs() / "web.stdout.0").value(), "one\ntwo\n");
}

TEST_F(RawExecTest, counts_what_a_full_disk_does_not_take) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::filesystem::path disk = folder_ / "disk";
  std::filesystem::create_directory(disk);
  ASSERT_EQ(std::system(("mount -t tmpfs -o size=64k none " + disk.string()).c_str()), 0);
  TaskConfig config = shell("head -c 1000000 /dev/zero; echo done > finished");
  config.logs.folder = disk.string();
  const ExitResult result = run(std::move(config));
  EXPECT_EQ(std::system(("umount " + disk.string()).c_str()), 0);
  EXPECT_TRUE(result.successful());
  EXPECT_TRUE(std::filesystem::exists(task_folder() / "finished"));
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_THAT(result.warnings[0], ::testing::HasSubstr("bytes of output could not be stored"));
}

}  // namespace
}  // namespace yurt::drivers
