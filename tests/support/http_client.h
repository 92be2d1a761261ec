// HttpClient: one plain HTTP/1.1 connection for tests. Blocking; shows bytes as they came.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace yurt {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::vector<std::string> header_order;       // names as they came
  std::string body;                            // chunks joined
  bool complete = false;                       // as long as its headers said

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
};

class HttpClient {
 public:
  explicit HttpClient(int port);

  void send(const std::string& bytes);
  // A request with the given body and further header lines ("Accept: x\r\n").
  void send_request(const std::string& method, const std::string& target,
                    const std::string& body = "", const std::string& headers = "");
  // The next response. `head`: it has no body whatever its headers say.
  [[nodiscard]] HttpResponse read_response(bool head = false);
  [[nodiscard]] HttpResponse request(const std::string& method, const std::string& target,
                                     const std::string& body = "", const std::string& headers = "");
  // Up to the next blank line, and the next chunk of a chunked body ("" for the last).
  [[nodiscard]] HttpResponse read_header();
  [[nodiscard]] std::string read_chunk();
  // Exactly so many bytes; fewer when the server closes.
  [[nodiscard]] std::string read_bytes(std::size_t count);
  // True when the server has closed and nothing is left to read.
  [[nodiscard]] bool at_end();
  void close() { socket_.reset(); }

 private:
  [[nodiscard]] std::string read_line();
  bool fill();

  UniqueFd socket_;
  std::string buffer_;
};

// One request on a connection of its own.
[[nodiscard]] HttpResponse http(int port, const std::string& method, const std::string& target,
                                const std::string& body = "", const std::string& headers = "");

}  // namespace yurt
