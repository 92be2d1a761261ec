// A container's output in the task's files: every message once, wherever the agent was killed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "base/file.h"
#include "drivers/docker/engine/frames.h"
#include "drivers/docker/logs/log_store.h"

namespace yurt::drivers::docker {
namespace {

struct LogFolder {
  LogFolder() {
    static int count = 0;
    path = std::filesystem::temp_directory_path() /
           ("yurt-docker-log-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path);
    files.folder = path.string();
    files.prefix = "t";
    files.max_files = 100;
    files.max_file_size_mib = 1;
  }
  ~LogFolder() { std::filesystem::remove_all(path); }

  std::unique_ptr<LogStore> open() const {
    return std::move(LogStore::open(files, (path / "position").string())).value();
  }
  std::string output(const std::string& stream) const {
    std::string text;
    for (int i = 0;; ++i) {
      const auto part = read_file(path / ("t." + stream + "." + std::to_string(i)));
      if (!part.ok()) return text;
      text += *part;
    }
  }

  std::filesystem::path path;
  LogFiles files;
};

struct Message {
  int second = 0;  // several may share one
  bool standard_error = false;
  std::string text;
  std::string line() const {
    const std::string two = (second < 10 ? "0" : "") + std::to_string(second);
    return "2026-11-22T19:19:" + two + ".000000005Z " + text;
  }
};

// What the Engine sends for `since`: everything from that time on, the time itself included.
std::vector<Message> sent_since(const std::vector<Message>& all, const std::string& since) {
  if (since.empty()) return all;
  std::vector<Message> sent;
  for (const Message& message : all) {
    const std::string at = std::to_string(1795375140 + message.second) + ".000000005";
    if (at >= since) sent.push_back(message);
  }
  return sent;
}

RC_GTEST_PROP(DockerLogs, no_message_is_lost_or_repeated_whenever_the_agent_dies, ()) {
  const LogFolder folder;
  std::vector<Message> all;
  const int count = *rc::gen::inRange(1, 40);
  int second = 0;
  for (int i = 0; i < count; ++i) {
    second += *rc::gen::inRange(0, 2);
    all.push_back({second, *rc::gen::arbitrary<bool>(), "message " + std::to_string(i) + "\n"});
  }
  std::size_t reached = 0;
  for (int rounds = 0; reached < all.size(); ++rounds) {
    const auto store = folder.open();
    const auto sent = sent_since(all, store->since());
    // In the end an agent lives for long enough.
    const auto batch =
        rounds == 20 ? all.size() : static_cast<std::size_t>(*rc::gen::inRange(1, 12));
    std::size_t done = 0;
    for (const Message& message : sent) {
      if (done == batch) break;
      store->message(message.standard_error, message.line());
      ++done;
      // Killed before the position of the last messages is noted, now and then.
      if (*rc::gen::arbitrary<bool>()) store->note();
    }
    if (sent.size() <= batch) reached = all.size();
  }
  std::string out;
  std::string err;
  for (const Message& message : all) (message.standard_error ? err : out) += message.text;
  RC_ASSERT(folder.output("stdout") == out);
  RC_ASSERT(folder.output("stderr") == err);
}

TEST(DockerLogs, a_new_connection_repeats_nothing) {
  const LogFolder folder;
  const auto store = folder.open();
  const Message one{1, false, "one\n"};
  const Message two{1, false, "two\n"};
  const Message three{1, false, "three\n"};
  store->message(false, one.line());
  store->message(false, two.line());
  store->note();
  store->rewind();
  for (const Message& message : {one, two, three}) store->message(false, message.line());
  store->note();
  EXPECT_EQ(folder.output("stdout"), "one\ntwo\nthree\n");
}

TEST(DockerLogs, a_new_run_goes_on_in_the_files_of_the_last) {
  const LogFolder folder;
  {
    const auto first = folder.open();
    first->message(false, Message{1, false, "first\n"}.line());
    first->note();
  }
  std::filesystem::remove(folder.path / "position");
  const auto second = folder.open();
  EXPECT_EQ(second->since(), "");
  second->message(false, Message{2, false, "second\n"}.line());
  second->note();
  EXPECT_EQ(folder.output("stdout"), "first\nsecond\n");
}

TEST(DockerLogs, since_is_exact_to_the_nanosecond) {
  const LogFolder folder;
  const auto store = folder.open();
  store->message(false, "2026-11-22T19:19:00.000000005Z x\n");
  EXPECT_EQ(store->since(), "1795375140.000000005");
}

TEST(LogPosition, survives_its_text_and_refuses_any_other) {
  LogPosition position;
  position.time = "2026-11-22T19:19:00.000000005Z";
  position.count = 3;
  position.out = {7, 4096};
  position.err = {0, 12};
  const auto again = LogPosition::decode(position.encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->time, position.time);
  EXPECT_EQ(again->out.size_bytes, 4096U);
  EXPECT_EQ(again->err.index, 0);
  EXPECT_EQ(position.encode().size(), LogPosition().encode().size());
  EXPECT_FALSE(LogPosition::decode("x"));
  EXPECT_FALSE(LogPosition::decode(std::string(position.encode().size(), '0')));
}

std::string frame(int stream, const std::string& text) {
  std::string out(8, '\0');
  out[0] = static_cast<char>(stream);
  out[6] = static_cast<char>(text.size() >> 8);
  out[7] = static_cast<char>(text.size());
  return out + text;
}

RC_GTEST_PROP(Frames, are_the_same_however_the_bytes_are_cut, ()) {
  std::string bytes;
  std::vector<std::pair<int, std::string>> expected;
  for (int i = *rc::gen::inRange(0, 8); i > 0; --i) {
    expected.emplace_back(*rc::gen::inRange(1, 3), *rc::gen::arbitrary<std::string>());
    bytes += frame(expected.back().first, expected.back().second);
  }
  FrameReader reader;
  std::vector<std::pair<int, std::string>> got;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = static_cast<std::size_t>(*rc::gen::inRange(1, 20));
    RC_ASSERT(reader
                  .feed(std::string_view(bytes).substr(at, size),
                        [&](int stream, std::string_view text) {
                          got.emplace_back(stream, std::string(text));
                        })
                  .ok());
    at += size;
  }
  RC_ASSERT(got == expected);
}

TEST(Frames, other_bytes_are_refused) {
  FrameReader reader;
  EXPECT_FALSE(reader.feed("HTTP/1.1 200 OK", [](int, std::string_view) {}).ok());
}

TEST(TerminalMessages, end_at_a_line_or_after_16_kib) {
  TerminalMessages messages;
  std::vector<std::size_t> sizes;
  const auto each = [&sizes](std::string_view text) { sizes.push_back(text.size()); };
  const std::string time = "2026-11-22T19:19:00.000000005Z ";
  const std::string all = time + "a\r\n" + time + std::string(16384, 'x') + time + "rest\n" + time;
  for (const char c : all) messages.feed({&c, 1}, each);
  messages.finish(each);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{34, 31 + 16384, 36, 31}));
}

}  // namespace
}  // namespace yurt::drivers::docker
