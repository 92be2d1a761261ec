#include "server/http/http_state.h"

#include <algorithm>

#include "server/metrics.h"

namespace yurt::server {

HttpState::HttpState(Service& the_service, Metrics& metrics, HttpOptions the_options)
    : service(the_service),
      options(std::move(the_options)),
      connections_(metrics.gauge("yurt.http.connections", "Open HTTP connections")),
      io(static_cast<int>(options.threads)) {
  for (std::size_t digit = 1; digit < responses_.size(); ++digit) {
    responses_[digit] = &metrics.counter("yurt.http.responses", "HTTP answers by kind of status",
                                         {{"status", std::to_string(digit) + "xx"}});
  }
}

bool HttpState::admit(const std::string& ip) {
  const std::lock_guard lock(mutex_);
  int& count = by_ip_[ip];
  if (options.max_connections_per_ip > 0 && count >= options.max_connections_per_ip) return false;
  ++count;
  connections_.Increment();
  return true;
}

void HttpState::leave(const std::string& ip) {
  const std::lock_guard lock(mutex_);
  if (--by_ip_[ip] == 0) by_ip_.erase(ip);
  if (!closed_) connections_.Decrement();  // afterwards the metrics may be gone
}

bool HttpState::add(std::shared_ptr<OpenSocket> socket) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  sockets_.insert(std::move(socket));
  return true;
}

void HttpState::remove(const std::shared_ptr<OpenSocket>& socket) {
  const std::lock_guard lock(mutex_);
  sockets_.erase(socket);
}

void HttpState::close_all() {
  std::unordered_set<std::shared_ptr<OpenSocket>> sockets;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    sockets.swap(sockets_);
  }
  for (const auto& socket : sockets) socket->close();
}

void HttpState::count_response(int status) {
  const auto digit = static_cast<std::size_t>(std::clamp(status / 100, 1, 5));
  responses_[digit]->Increment();
}

}  // namespace yurt::server
