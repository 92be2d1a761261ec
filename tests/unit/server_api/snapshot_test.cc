#include <archive.h>
#include <archive_entry.h>
#include <openssl/sha.h>

#include "base/base64.h"
#include "tests/unit/server_api/http_fixture.h"

namespace yurt::server {
namespace {

std::string sha256(const std::string& data) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string hex(const std::string& bytes) {
  std::string out;
  char digits[3];
  for (const char c : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
    out += digits;
  }
  return out;
}

std::map<std::string, std::string> unpack(const std::string& archive_bytes) {
  std::map<std::string, std::string> files;
  archive* reader = archive_read_new();
  archive_read_support_filter_gzip(reader);
  archive_read_support_format_tar(reader);
  EXPECT_EQ(archive_read_open_memory(reader, archive_bytes.data(), archive_bytes.size()),
            ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    EXPECT_EQ(archive_read_data(reader, content.data(), content.size()),
              static_cast<la_ssize_t>(content.size()));
    files[archive_entry_pathname(entry)] = content;
  }
  archive_read_free(reader);
  return files;
}

std::map<std::string, std::string> records(const std::string& state) {
  std::map<std::string, std::string> rows;
  std::size_t at = 0;
  const auto next = [&] {
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(state[at++]);
    std::string out = state.substr(at, length);
    at += length;
    return out;
  };
  while (at < state.size()) {
    const std::string key = next();
    rows[key] = next();
  }
  return rows;
}

using SavedSnapshot = HttpTest;

TEST_F(SavedSnapshot, is_an_archive_whose_digest_is_in_the_header) {
  const auto saved = get("/v1/operator/snapshot");
  ASSERT_EQ(saved.status, 200) << saved.body;
  EXPECT_EQ(saved.header("content-type"), "application/x-gzip");
  EXPECT_EQ(saved.header("digest"), "sha-256=" + base64_encode(sha256(saved.body)));
}

TEST_F(SavedSnapshot, holds_every_row_and_says_which_index_it_reflects) {
  for (int i = 0; i < 5000; ++i) registered(job_named("job-" + std::to_string(i)));
  core.apply(node_named("n1", id_number<NodeId>(1)));
  const auto files = unpack(get("/v1/operator/snapshot").body);
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(nlohmann::json::parse(files.at("meta.json"))["Index"], core.snapshot().index());
  EXPECT_EQ(files.at("SHA256SUMS"), hex(sha256(files.at("meta.json"))) + "  meta.json\n" +
                                        hex(sha256(files.at("state.bin"))) + "  state.bin\n");
  std::map<char, int> kinds;
  for (const auto& [key, value] : records(files.at("state.bin"))) ++kinds[key[0]];
  EXPECT_EQ(kinds['j'], 5000);
  EXPECT_EQ(kinds['v'], 5000);
  EXPECT_EQ(kinds['e'], 5000);
  EXPECT_EQ(kinds['n'], 1);
  EXPECT_EQ(kinds['p'], 2);
  EXPECT_EQ(kinds['s'], 1);
  EXPECT_EQ(kinds['c'], 1);
}

}  // namespace
}  // namespace yurt::server
