// The HTTP front door over the service layer and a core in memory, on a port of its own.
#pragma once

#include <nlohmann/json.hpp>

#include "server/http/http_server.h"
#include "tests/support/http_client.h"
#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {

class HttpTest : public ApiTest {
 protected:
  explicit HttpTest(HttpOptions options = {}) {
    options.port = 0;
    auto started = HttpServer::start(service, metrics, std::move(options));
    YURT_ASSERT(started.ok());
    server = std::move(*started);
  }

  HttpResponse ask(const std::string& method, const std::string& target,
                   const std::string& body = "", const std::string& headers = "") {
    return http(server->port(), method, target, body, headers);
  }
  HttpResponse get(const std::string& target) { return ask("GET", target); }

  static nlohmann::json json_of(const HttpResponse& response) {
    return nlohmann::json::parse(response.body);
  }
  // A valid job, as clients write it.
  static nlohmann::json job_json(const std::string& id) {
    return {{"ID", id},
            {"Type", "batch"},
            {"TaskGroups",
             {{{"Name", "work"},
               {"Tasks",
                {{{"Name", "main"},
                  {"Driver", "raw_exec"},
                  {"Config", {{"command", "/bin/true"}}}}}}}}}};
  }

  std::unique_ptr<HttpServer> server;
};

}  // namespace yurt::server
