// HttpFixture: a tiny HTTP server on loopback that serves fixed answers; for tests of downloads.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace yurt::agent {

class HttpFixture {
 public:
  struct Answer {
    int status = 200;
    std::string body{};
    std::string location{};  // of a redirect
    int failures_first = 0;  // so many 503 before
  };

  HttpFixture();
  ~HttpFixture();

  void serve(const std::string& path, Answer answer);
  [[nodiscard]] std::string url(const std::string& path) const;
  // Everything that was asked, headers included.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void run();
  void answer(int fd);

  UniqueFd listener_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace yurt::agent
