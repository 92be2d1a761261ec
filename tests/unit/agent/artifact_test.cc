#include "agent/artifact/artifact.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "agent/artifact/source.h"
#include "agent/artifact/unpack.h"
#include "tests/unit/agent/http_fixture.h"

namespace yurt::agent {
namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string name;
  std::string content;
  int type = AE_IFREG;
  std::string link;
};

std::string make_archive(const std::vector<Entry>& entries, bool zip = false) {
  archive* writer = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(writer);
  } else {
    archive_write_set_format_pax_restricted(writer);
    archive_write_add_filter_gzip(writer);
  }
  std::string out(1 << 20, '\0');
  std::size_t used = 0;
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const auto& one : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, one.name.c_str());
    archive_entry_set_perm(entry, one.type == AE_IFDIR ? 0755 : 04755);
    if (one.type == -1) {
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_hardlink(entry, one.link.c_str());
    } else {
      archive_entry_set_filetype(entry, static_cast<unsigned>(one.type));
      if (one.type == AE_IFLNK) archive_entry_set_symlink(entry, one.link.c_str());
      archive_entry_set_size(entry, static_cast<la_int64_t>(one.content.size()));
    }
    archive_write_header(writer, entry);
    if (!one.content.empty()) archive_write_data(writer, one.content.data(), one.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

class Artifact : public ::testing::Test {
 protected:
  Artifact() {
    std::string pattern = fs::temp_directory_path() / "yurt-artifact-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(folder_ / "alloc" / "main" / "local");
    fs::create_directories(folder_ / "alloc" / "main" / "private");
    request_.destination = "main/local";
  }
  ~Artifact() override { fs::remove_all(folder_); }

  Status fetch() {
    const std::atomic<bool> cancelled{false};
    return fetch_artifact(request_, {root(), root() / "main" / "private" / "artifact"}, cancelled);
  }
  fs::path root() const { return folder_ / "alloc"; }
  std::string content(const std::string& path) const {
    std::ifstream stream(root() / path);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  // Serves `body` under `name` and asks for it.
  Status fetch_served(const std::string& name, const std::string& body) {
    http_.serve("/" + name, {.body = body, .location = {}});
    request_.source = http_.url("/" + name);
    return fetch();
  }

  fs::path folder_;
  ArtifactRequest request_;
  HttpFixture http_;
};

#define EXPECT_OK(expression)                             \
  do {                                                    \
    const auto outcome = (expression);                    \
    EXPECT_TRUE(outcome.ok()) << outcome.error().message; \
  } while (false)

TEST_F(Artifact, downloads_a_file_into_the_destination_folder) {
  EXPECT_OK(fetch_served("model.bin", "weights"));
  EXPECT_EQ(content("main/local/model.bin"), "weights");
  EXPECT_FALSE(fs::exists(root() / "main/private/artifact")) << "nothing is left behind";
}

TEST_F(Artifact, mode_file_names_the_file) {
  request_.mode = ArtifactMode::file;
  request_.destination = "main/local/renamed.tar.gz";
  EXPECT_OK(fetch_served("a.tar.gz", "not unpacked"));
  EXPECT_EQ(content("main/local/renamed.tar.gz"), "not unpacked");
}

TEST_F(Artifact, sends_headers_follows_redirects_and_tries_again_after_failures_that_pass) {
  http_.serve("/start", {.status = 302, .location = http_.url("/real.txt")});
  http_.serve("/real.txt", {.body = "here", .location = {}, .failures_first = 2});
  request_.source = http_.url("/start?filename=real.txt");
  request_.headers["X-Token"] = "secret";
  EXPECT_OK(fetch());
  EXPECT_EQ(content("main/local/real.txt"), "here");
  EXPECT_NE(http_.requests().front().find("X-Token: secret"), std::string::npos);
  EXPECT_EQ(http_.requests().front().find("filename"), std::string::npos);
}

TEST_F(Artifact, a_missing_file_is_reported_with_the_servers_answer) {
  request_.source = http_.url("/none");
  const auto status = fetch();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::not_found);
  EXPECT_NE(status.error().message.find("404"), std::string::npos) << status.error().message;
}

TEST_F(Artifact, verifies_checksums_before_anything_reaches_the_task) {
  request_.options["checksum"] =
      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_OK(fetch_served("abc", "abc"));
  const auto wrong = fetch_served("other", "abcd");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("checksum does not match"), std::string::npos);
  EXPECT_FALSE(fs::exists(root() / "main/local/other"));
  request_.options["checksum"] = "crc32:00";
  EXPECT_EQ(fetch_served("abc", "abc").error().code, ErrorCode::invalid_argument);
}

TEST_F(Artifact, unpacks_archives_and_merges_them_with_what_is_there) {
  fs::create_directories(root() / "main/local/dir");
  std::ofstream(root() / "main/local/dir/old") << "old";
  const std::vector<Entry> entries = {{"dir/", "", AE_IFDIR, ""},
                                      {"dir/new", "new", AE_IFREG, ""},
                                      {"link", "", AE_IFLNK, "dir/new"}};
  for (const bool zip : {false, true}) {
    EXPECT_OK(fetch_served(zip ? "a.zip" : "a.tar.gz", make_archive(entries, zip)));
    EXPECT_EQ(content("main/local/dir/new"), "new");
    EXPECT_EQ(content("main/local/dir/old"), "old");
    EXPECT_EQ(content("main/local/link"), "new");
    fs::remove_all(root() / "main/local/link");
  }
  struct stat info {};
  ASSERT_EQ(::stat((root() / "main/local/dir/new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755U) << "no set-user-ID comes out of an archive";
}

TEST_F(Artifact, takes_the_named_part_of_an_archive) {
  http_.serve("/a.tar.gz",
              {.body = make_archive({{"in/a", "A", AE_IFREG, ""}, {"b", "B", AE_IFREG, ""}}),
               .location = {}});
  request_.source = http_.url("/a.tar.gz//in");
  EXPECT_OK(fetch());
  EXPECT_EQ(content("main/local/a"), "A");
  EXPECT_FALSE(fs::exists(root() / "main/local/b"));
}

TEST_F(Artifact, leaves_an_archive_packed_when_told_so) {
  request_.options["archive"] = "false";
  EXPECT_OK(fetch_served("a.tar.gz", "whatever"));
  EXPECT_EQ(content("main/local/a.tar.gz"), "whatever");
}

TEST_F(Artifact, no_archive_entry_leads_out_of_the_tasks_folder) {
  std::ofstream(folder_ / "victim") << "untouched";
  const std::vector<std::vector<Entry>> attacks = {
      {{"../../../victim", "x", AE_IFREG, ""}},
      {{(folder_ / "victim").string(), "x", AE_IFREG, ""}},
      {{"l", "", AE_IFLNK, folder_.string()}, {"l/victim", "x", AE_IFREG, ""}},
      {{"l", "", AE_IFLNK, "../../.."}},
      {{"p/q/s", "", AE_IFLNK, "../.."}, {"p/q/s/l", "", AE_IFLNK, "../../../victim"}},
      {{"h", "", -1, "../../../victim"}},
      {{"h", "", -1, (folder_ / "victim").string()}},
      {{"fifo", "", AE_IFIFO, ""}},
  };
  int number = 0;
  for (const auto& attack : attacks) {
    const auto status =
        fetch_served("evil" + std::to_string(number++) + ".tar.gz", make_archive(attack));
    EXPECT_FALSE(status.ok()) << number;
    std::ifstream victim(folder_ / "victim");
    std::string text;
    victim >> text;
    EXPECT_EQ(text, "untouched");
    EXPECT_TRUE(fs::is_empty(root() / "main/local")) << number;
  }
}

TEST_F(Artifact, a_link_the_task_planted_does_not_lead_the_agent_out) {
  fs::create_directories(folder_ / "outside");
  fs::create_directory_symlink(folder_ / "outside", root() / "main/local/trap");
  request_.destination = "main/local/trap";
  EXPECT_FALSE(fetch_served("f", "x").ok());
  EXPECT_TRUE(fs::is_empty(folder_ / "outside"));
}

TEST_F(Artifact, stops_at_archives_that_grow_too_large) {
  const std::string archive = make_archive({{"big", std::string(100'000, 'x'), AE_IFREG, ""}});
  std::ofstream(folder_ / "a.tar.gz") << archive;
  fs::create_directories(folder_ / "out");
  const std::atomic<bool> cancelled{false};
  const auto status =
      unpack(folder_ / "a.tar.gz", "a.tar.gz", folder_ / "out", {.max_bytes = 1000}, cancelled);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::resource_exhausted);
}

TEST_F(Artifact, files_of_the_node_only_where_that_is_allowed) {
  std::ofstream(folder_ / "data.csv") << "1,2";
  request_.source = "file://" + (folder_ / "data.csv").string();
  EXPECT_FALSE(fetch().ok());
  request_.allow_files = true;
  EXPECT_OK(fetch());
  EXPECT_EQ(content("main/local/data.csv"), "1,2");
}

TEST_F(Artifact, copies_a_folder_of_the_node) {
  fs::create_directories(folder_ / "set" / "sub");
  std::ofstream(folder_ / "set" / "sub" / "x") << "deep";
  request_.source = (folder_ / "set").string();
  request_.allow_files = true;
  EXPECT_OK(fetch());
  EXPECT_EQ(content("main/local/sub/x"), "deep");
}

TEST_F(Artifact, clones_a_repository_at_the_wanted_ref) {
  const std::string repository = (folder_ / "repo").string();
  const std::string script =
      "set -e; export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t "
      "GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t; git init -q -b main " +
      repository + "; cd " + repository +
      "; echo one > f; git add f; git commit -qm 1; git tag v1; echo two > f; "
      "git commit -qam 2";
  ASSERT_EQ(std::system(script.c_str()), 0);
  request_.source = "git::file://" + repository;
  request_.allow_files = true;
  EXPECT_OK(fetch());
  EXPECT_EQ(content("main/local/f"), "two\n");
  request_.destination = "main/local/old";
  request_.options["ref"] = "v1";
  EXPECT_OK(fetch());
  EXPECT_EQ(content("main/local/old/f"), "one\n");
  request_.options["ref"] = "--upload-pack=evil";
  EXPECT_EQ(fetch().error().code, ErrorCode::invalid_argument);
}

TEST_F(Artifact, mode_and_source_must_fit) {
  request_.mode = ArtifactMode::dir;
  EXPECT_EQ(fetch_served("plain", "x").error().code, ErrorCode::invalid_argument);
}

TEST(ArtifactSource, understands_what_nomad_users_write) {
  using Kind = ArtifactSource::Kind;
  struct Case {
    const char* source;
    Kind kind;
    const char* location;
    const char* inner;
    const char* file_name;
  };
  const Case cases[] = {
      {"https://h/p/f.zip", Kind::http, "https://h/p/f.zip", "", "f.zip"},
      {"https://h/f.zip?archive=false&token=1", Kind::http, "https://h/f.zip?token=1", "", "f.zip"},
      {"https://h/a.tgz//sub/dir", Kind::http, "https://h/a.tgz", "sub/dir", "a.tgz"},
      {"git::https://h/r.git?ref=v1", Kind::git, "https://h/r.git", "", "r.git"},
      {"https://h/r.git", Kind::git, "https://h/r.git", "", "r.git"},
      {"github.com/owner/repo/part", Kind::git, "https://github.com/owner/repo", "part", "repo"},
      {"git@github.com:owner/repo.git", Kind::git, "git@github.com:owner/repo.git", "", "repo.git"},
      {"/srv/data.csv", Kind::file, "/srv/data.csv", "", "data.csv"},
      {"file:///srv/a%20b", Kind::file, "/srv/a b", "", "a b"},
      {"https://h/", Kind::http, "https://h/", "", "artifact"},
  };
  for (const auto& one : cases) {
    const auto source = parse_artifact_source(one.source, {});
    ASSERT_TRUE(source.ok()) << one.source << source.error().message;
    EXPECT_EQ(source->kind, one.kind) << one.source;
    EXPECT_EQ(source->location, one.location);
    EXPECT_EQ(source->inner, one.inner);
    EXPECT_EQ(source->file_name, one.file_name);
  }
  for (const char* bad :
       {"s3::https://x/y", "ftp://h/x", "relative/path", "git::--upload-pack=x"}) {
    EXPECT_FALSE(parse_artifact_source(bad, {}).ok()) << bad;
  }
}

}  // namespace
}  // namespace yurt::agent
