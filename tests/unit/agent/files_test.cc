#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "agent/alloc_dir/alloc_dir.h"
#include "agent/alloc_dir/task_path.h"
#include "agent/fs/alloc_files.h"
#include "agent/fs/confined_root.h"
#include "agent/logs/log_reader.h"
#include "agent/logs/merged_log.h"
#include "tests/support/job_builder.h"

namespace yurt::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string pattern = fs::temp_directory_path() / "yurt-files-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(folder_ / "root" / "alloc" / "logs");
    fs::create_directories(folder_ / "root" / "web" / "local");
    fs::create_directories(folder_ / "root" / "web" / "secrets");
    write("outside", "outside");
    write("root/web/secrets/key", "secret");
  }
  ~Files() override { fs::remove_all(folder_); }
  void write(const std::string& path, const std::string& text) const {
    std::ofstream(folder_ / path) << text;
  }
  void append(const std::string& path, const std::string& text) const {
    std::ofstream(folder_ / path, std::ios::app) << text;
  }
  fs::path root() const { return folder_ / "root"; }
  fs::path folder_;
};

TEST_F(Files, lists_and_describes_what_is_in_the_allocation) {
  write("root/web/local/b.txt", "text");
  write("root/web/local/a.bin", std::string("\x00\x01", 2));
  fs::permissions(root() / "web/local/b.txt", fs::perms(0640));
  const auto files = AllocFiles::open(root());
  ASSERT_TRUE(files.ok());
  const auto list = files->list("/web/local");
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[0].name(), "a.bin");
  EXPECT_EQ((*list)[0].content_type(), "application/octet-stream");
  EXPECT_EQ((*list)[1].name(), "b.txt");
  EXPECT_EQ((*list)[1].file_mode(), "-rw-r-----");
  EXPECT_EQ((*list)[1].size(), 4);
  EXPECT_EQ((*list)[1].content_type(), "text/plain; charset=utf-8");
  const auto folder = files->stat("web/local");
  ASSERT_TRUE(folder.ok());
  EXPECT_TRUE(folder->is_dir());
  EXPECT_EQ(folder->name(), "local");
  EXPECT_EQ(files->stat("web/none").error().code, ErrorCode::not_found);
}

TEST_F(Files, never_shows_what_lies_outside_or_is_secret) {
  fs::create_symlink(folder_ / "outside", root() / "web/local/absolute");
  fs::create_symlink("../../../outside", root() / "web/local/relative");
  fs::create_symlink("../secrets/key", root() / "web/local/key");
  fs::create_symlink("..", root() / "web/local/up");
  const auto files = AllocFiles::open(root());
  ASSERT_TRUE(files.ok());
  for (const char* path : {"../outside", "web/../../outside", "web/local/absolute",
                           "web/local/relative", "web/secrets/key", "web/secrets", "web/local/key",
                           "web/local/up/secrets/key", "web//secrets/./key"}) {
    EXPECT_FALSE(files->open_file(path).ok()) << path;
    EXPECT_FALSE(files->stat(path).ok()) << path;
  }
}

TEST_F(Files, follows_links_that_stay_inside) {
  write("root/web/local/real", "x");
  fs::create_symlink("real", root() / "web/local/link");
  const auto files = AllocFiles::open(root());
  EXPECT_TRUE(files->open_file("web/local/link").ok());
}

TEST_F(Files, normalized_paths_never_lead_out) {
  EXPECT_EQ(*normalized_path("/a//b/./c/../d/"), "a/b/d");
  EXPECT_EQ(*normalized_path("/"), "");
  EXPECT_FALSE(normalized_path("a/../..").ok());
  EXPECT_FALSE(normalized_path(std::string_view("a\0b", 3)).ok());
  EXPECT_TRUE(rc::check("no dots, no leading slash", [] {
    std::string path;
    for (int i = 0; i < 8; ++i)
      path += *rc::gen::element<std::string>("a", "..", ".", "/", "b/", "../");
    const auto normalized = normalized_path(path);
    if (!normalized.ok()) return;
    for (const auto& part : fs::path(*normalized)) RC_ASSERT(part != ".." && part != ".");
    RC_ASSERT(normalized->empty() || normalized->front() != '/');
  }));
}

TEST_F(Files, replaces_a_file_in_one_step_and_not_through_a_link) {
  const auto confined = ConfinedRoot::open(root());
  ASSERT_TRUE(confined.ok());
  fs::create_symlink(folder_ / "outside", root() / "web/local/f");
  ASSERT_TRUE(confined->replace_file("web/local/f", "new", 0600).ok());
  EXPECT_FALSE(fs::is_symlink(root() / "web/local/f"));
  EXPECT_EQ(fs::file_size(folder_ / "outside"), 7U);
  fs::create_directory_symlink(folder_, root() / "web/local/d");
  EXPECT_FALSE(confined->replace_file("web/local/d/outside", "new", 0600).ok());
}

TEST_F(Files, paths_of_job_files_stay_in_the_task_or_the_shared_folder) {
  EXPECT_EQ(*path_in_alloc("/data/alloc/x", "web", "local/a"), "web/local/a");
  EXPECT_EQ(*path_in_alloc("/data/alloc/x", "web", "/data/alloc/x/web/secrets/k"), "web/secrets/k");
  EXPECT_EQ(*path_in_alloc("/data/alloc/x", "web", "../alloc/data/f"), "alloc/data/f");
  // As a container names them.
  EXPECT_EQ(*path_in_alloc("/data/alloc/x", "web", "/local/a"), "web/local/a");
  EXPECT_EQ(*path_in_alloc("/data/alloc/x", "web", "/secrets/k"), "web/secrets/k");
  EXPECT_EQ(*path_in_alloc("/data/alloc/x", "web", "/alloc/data/f"), "alloc/data/f");
  for (const char* path : {"../other/local/f", "/etc/passwd", "../../x", "private/f",
                           "/local/../../other/f", "/localhost"}) {
    EXPECT_FALSE(path_in_alloc("/data/alloc/x", "web", path).ok()) << path;
  }
}

class Logs : public Files {
 protected:
  void file(int index, const std::string& text) const {
    write("root/alloc/logs/web.stdout." + std::to_string(index), text);
  }
  static std::string all(LogReader& reader) {
    std::string text;
    while (true) {
      const auto piece = reader.next();
      if (!piece.ok() || !*piece) return text;
      text += (*piece)->data;
    }
  }
  LogReader reader() const {
    return std::move(*LogReader::open(root() / "alloc/logs", "web", "stdout"));
  }
};

TEST_F(Logs, read_on_across_rotated_files) {
  file(2, "two ");
  file(10, "ten ");
  file(3, "three ");
  auto log = reader();
  EXPECT_EQ(all(log), "two three ten ");
}

TEST_F(Logs, begin_where_they_are_told_across_files) {
  file(0, "0123");
  file(1, "4567");
  auto log = reader();
  ASSERT_TRUE(log.seek(6, false).ok());
  EXPECT_EQ(all(log), "67");
  ASSERT_TRUE(log.seek(2, true).ok());
  EXPECT_EQ(all(log), "67");
  ASSERT_TRUE(log.seek(6, true).ok());
  EXPECT_EQ(all(log), "234567");
  ASSERT_TRUE(log.seek(100, true).ok());
  EXPECT_EQ(all(log), "01234567");
  ASSERT_TRUE(log.seek(100, false).ok());
  EXPECT_EQ(all(log), "");
}

TEST_F(Logs, tell_where_in_which_file_a_piece_ends) {
  file(4, "abc");
  auto log = reader();
  const auto piece = log.next();
  ASSERT_TRUE(piece.ok() && *piece);
  EXPECT_EQ((*piece)->file, "alloc/logs/web.stdout.4");
  EXPECT_EQ((*piece)->offset, 3);
}

TEST_F(Logs, lose_no_line_when_a_file_is_rotated_while_it_is_read) {
  file(0, "first ");
  auto log = reader();
  EXPECT_EQ(all(log), "first ");
  append("root/alloc/logs/web.stdout.0", "last of zero ");
  file(1, "one ");
  EXPECT_EQ(all(log), "last of zero one ");
}

TEST_F(Logs, go_on_with_the_next_file_when_one_was_removed) {
  file(0, "zero ");
  auto log = reader();
  EXPECT_EQ(all(log), "zero ");
  fs::remove(root() / "alloc/logs/web.stdout.0");
  file(3, "three ");
  EXPECT_EQ(all(log), "three ");
}

TEST_F(Logs, tell_that_a_file_was_cut) {
  file(0, "long text");
  auto log = reader();
  EXPECT_EQ(all(log), "long text");
  file(0, "new");
  const auto event = log.next();
  ASSERT_TRUE(event.ok() && *event);
  EXPECT_EQ((*event)->event, "file truncated");
  EXPECT_EQ(all(log), "new");
}

TEST_F(Logs, end_at_the_file_that_was_newest_when_asked) {
  file(0, "zero ");
  auto log = reader();
  log.stop_at_newest();
  file(1, "one ");
  EXPECT_EQ(all(log), "zero ");
}

TEST_F(Logs, do_not_follow_a_link_out_of_the_folder) {
  fs::create_symlink(folder_ / "outside", root() / "alloc/logs/web.stdout.0");
  EXPECT_FALSE(LogReader::open(root() / "alloc/logs", "web", "stdout").ok());
}

TEST_F(Logs, of_several_workers_are_merged_line_by_line) {
  const fs::path folder = root() / "alloc/logs";
  const auto put = [&folder](const std::string& name, const std::string& text) {
    std::ofstream(folder / name, std::ios::app) << text;
  };
  const auto all_of = [](MergedLog& log) {
    std::string text;
    while (true) {
      const auto piece = log.next();
      if (!piece.ok() || !*piece) return text;
      text += (*piece)->data;
    }
  };
  put("w.0.stdout.0", "a\nb\n");
  put("w.2.stdout.0", "c\nhal");
  MergedLog log(folder, {"w.0", "w.1", "w.2"}, "stdout");
  ASSERT_TRUE(log.open(0, false).ok());
  EXPECT_EQ(all_of(log), "[0] a\n[0] b\n[2] c\n");
  put("w.2.stdout.0", "f\n");
  put("w.1.stdout.0", "late\n");
  put("w.0.stdout.0", "no end");
  EXPECT_EQ(all_of(log), "[1] late\n[2] half\n");
  const auto rest = log.take_rest();
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->data, "[0] no end\n");
  EXPECT_FALSE(log.take_rest());

  MergedLog one(folder, {"w.0"}, "stdout");
  ASSERT_TRUE(one.open(0, false).ok());
  EXPECT_EQ(all_of(one), "a\nb\nno end") << "a single log is as it was written";
  EXPECT_EQ(MergedLog(folder, {"x.0", "x.1"}, "stdout").open(0, false).error().code,
            ErrorCode::not_found);
}

TEST_F(Logs, say_when_there_are_none) {
  const auto log = LogReader::open(root() / "alloc/logs", "nobody", "stdout");
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().message, "log entry for task \"nobody\" and type \"stdout\" not found");
}

TEST_F(Files, a_containers_folders_are_open_to_its_users_and_closed_to_the_machines) {
  const AllocDir dir(folder_, testing::new_alloc_id());
  fs::create_directories(AllocDir::folder_of_all(folder_));
  ASSERT_TRUE(dir.create().ok());
  ASSERT_TRUE(dir.create_isolated_task("web", 0).ok());
  ASSERT_TRUE(dir.create_isolated_task("web", 0).ok()) << "again is fine";
  const auto mode = [](const fs::path& path) {
    struct stat info {};
    ::stat(path.c_str(), &info);
    return info.st_mode & 07777;
  };
  EXPECT_EQ(mode(dir.task("web").local), 0777U);
  EXPECT_EQ(mode(dir.task("web").secrets), 0777U);
  EXPECT_EQ(mode(dir.task("web").task), 0700U);
  ASSERT_TRUE(dir.remove().ok());
}

TEST_F(Files, an_allocations_folders_have_their_modes_and_vanish_completely) {
  const AllocDir dir(folder_, testing::new_alloc_id());
  fs::create_directories(AllocDir::folder_of_all(folder_));
  ASSERT_TRUE(dir.create().ok());
  ASSERT_TRUE(dir.create_task("web", "", 0).ok());
  ASSERT_TRUE(dir.create_task("web", "", 0).ok()) << "again is fine";
  const auto mode = [](const fs::path& path) {
    struct stat info {};
    ::stat(path.c_str(), &info);
    return info.st_mode & 07777;
  };
  EXPECT_EQ(mode(dir.data()), 0777U);
  EXPECT_EQ(mode(dir.task("web").local), 0777U);
  EXPECT_EQ(mode(dir.task("web").secrets), 0700U);
  EXPECT_EQ(mode(dir.task("web").private_dir), 0700U);
  std::ofstream(dir.task("web").secrets / "k") << "secret";
  dir.drop_secrets();
  EXPECT_TRUE(fs::is_empty(dir.task("web").secrets));
  ASSERT_TRUE(dir.remove().ok());
  EXPECT_FALSE(fs::exists(dir.root()));
  EXPECT_TRUE(dir.remove().ok());
}

TEST_F(Files, a_successor_takes_over_data_and_local_folders) {
  fs::create_directories(AllocDir::folder_of_all(folder_));
  const AllocDir old(folder_, testing::new_alloc_id());
  const AllocDir fresh(folder_, testing::new_alloc_id());
  ASSERT_TRUE(old.create().ok() && old.create_task("web", "", 0).ok());
  std::ofstream(old.data() / "model") << "m";
  std::ofstream(old.task("web").local / "cache") << "c";
  ASSERT_TRUE(fresh.create().ok());
  ASSERT_TRUE(fresh.take_over(old, {"web"}).ok());
  EXPECT_TRUE(fs::exists(fresh.data() / "model"));
  EXPECT_TRUE(fs::exists(fresh.task("web").local / "cache"));
  ASSERT_TRUE(fresh.take_over(old, {"web"}).ok());
  EXPECT_TRUE(fs::exists(fresh.data() / "model")) << "a second time takes nothing away";
  (void)old.remove();
  (void)fresh.remove();
}

}  // namespace
}  // namespace yurt::agent
