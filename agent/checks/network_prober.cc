#include "agent/checks/network_prober.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "agent/checks/grpc_health.h"
#include "base/assert.h"
#include "base/clock.h"

namespace yurt::agent {
namespace {

// More at a time would only wait for each other; the rest waits here, its time not running yet.
constexpr std::size_t probes_at_a_time = 256;
constexpr std::size_t kept_output_bytes = 3 << 10;
// The status is known by then; a page without an end is not read to its end.
constexpr std::size_t read_body_bytes = 64 << 10;
constexpr long followed_redirects = 10;
constexpr int longest_sleep_ms = 60'000;

std::string in_url(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string_view without_space(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  return text;
}

// One probe under way: a curl handle and what has come in.
class Transfer {
 public:
  Transfer(ProbeRequest request, NetworkProber::Done done)
      : request_(std::move(request)), done_(std::move(done)), handle_(curl_easy_init()) {
    YURT_ASSERT(handle_ != nullptr);
    set_up();
  }
  ~Transfer() {
    curl_easy_cleanup(handle_);
    curl_slist_free_all(headers_);
    curl_slist_free_all(connect_to_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* handle() const { return handle_; }

  void finish(CURLcode code) {
    // Enough was read: the status decides.
    if (code == CURLE_WRITE_ERROR && body_.size() >= read_body_bytes) code = CURLE_OK;
    ProbeResult result;
    if (code != CURLE_OK) {
      result.output = std::string(name()) + ": " +
                      (code == CURLE_OPERATION_TIMEDOUT ? "no answer within the timeout; " : "") +
                      (error_[0] != '\0' ? error_ : curl_easy_strerror(code));
    } else if (request_.kind == ProbeKind::tcp) {
      result.health = Health::passing;
      result.output = "tcp: connected";
    } else if (request_.kind == ProbeKind::http) {
      finish_http(result);
    } else {
      finish_grpc(result);
    }
    done_(std::move(result));
  }

 private:
  [[nodiscard]] const char* name() const {
    switch (request_.kind) {
      case ProbeKind::http: return "http";
      case ProbeKind::tcp: return "tcp";
      case ProbeKind::grpc: break;
    }
    return "grpc";
  }

  void finish_http(ProbeResult& result) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    result.status_code = static_cast<int>(status);
    if (status >= 200 && status < 300) result.health = Health::passing;
    result.output = "http: status " + std::to_string(status);
    if (result.health != Health::passing && !body_.empty()) {
      result.output += ": " + body_.substr(0, kept_output_bytes);
    }
  }

  void finish_grpc(ProbeResult& result) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    const auto of = [this](const char* name) {
      const auto found = answered_.find(name);
      return found == answered_.end() ? std::string() : found->second;
    };
    const std::string code = of("grpc-status");
    if (status != 200 || (!code.empty() && code != "0")) {
      result.output = "grpc: " + (status != 200 ? "HTTP status " + std::to_string(status)
                                                : "status code " + code);
      if (const std::string message = of("grpc-message"); !message.empty()) {
        result.output += ": " + message;
      }
      return;
    }
    const std::string serving = grpc_health::status_in(body_);
    if (serving == "SERVING") result.health = Health::passing;
    result.output = "grpc: " + (serving.empty() ? "the answer is no health status" : serving);
  }

  void set_up() {
    const bool names_server = request_.tls && !request_.tls_server_name.empty();
    const std::string place = in_url(request_.address) + ":" + std::to_string(request_.port);
    std::string url = request_.tls ? "https://" : "http://";
    url += names_server ? request_.tls_server_name + ":" + std::to_string(request_.port) : place;
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_TIMEOUT_MS,
        std::max(1L, static_cast<long>(request_.timeout_ns / nanoseconds_per_millisecond)));
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    if (request_.tls_skip_verify) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (names_server) {
      connect_to_ = curl_slist_append(nullptr, ("::" + place).c_str());
      set(CURLOPT_CONNECT_TO, connect_to_);
    }
    switch (request_.kind) {
      case ProbeKind::tcp: set(CURLOPT_CONNECT_ONLY, 1L); break;
      case ProbeKind::http: set_up_http(url, names_server ? place : ""); break;
      case ProbeKind::grpc: set_up_grpc(url); break;
    }
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, headers_);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
  }

  void set_up_http(std::string& url, const std::string& host) {
    url += request_.path;
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, followed_redirects);
    set(CURLOPT_USERAGENT, "Yurt health check");
    bool has_host = false, has_type = false;
    for (const auto& [name, value] : request_.headers) {
      has_host |= lower(name) == "host";
      has_type |= lower(name) == "content-type";
      add_header(value.empty() ? name + ";" : name + ": " + value);
    }
    if (!host.empty() && !has_host) add_header("Host: " + host);
    if (!request_.body.empty()) {
      add_body(request_.body);
      if (!has_type) add_header("Content-Type:");
    }
    if (request_.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else {
      set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
  }

  void set_up_grpc(std::string& url) {
    url += grpc_health::path;
    set(CURLOPT_HTTP_VERSION,
        request_.tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
    set(CURLOPT_USERAGENT, "Yurt health check");
    add_header("Content-Type: application/grpc");
    add_header("TE: trailers");
    add_body(grpc_health::request(request_.grpc_service));
  }

  void add_header(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }
  void add_body(const std::string& body) {
    add_header("Expect:");
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    set(CURLOPT_COPYPOSTFIELDS, body.data());
  }
  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_, option, value);
  }

  static std::size_t on_body(const char* data, std::size_t, std::size_t size, void* self) {
    auto& body = static_cast<Transfer*>(self)->body_;
    body.append(data, size);
    return body.size() >= read_body_bytes ? 0 : size;
  }
  // Trailers come here too.
  static std::size_t on_header(const char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view line(data, size);
    const std::size_t colon = line.find(':');
    if (transfer.request_.kind == ProbeKind::grpc && colon != std::string_view::npos) {
      transfer.answered_[lower(std::string(line.substr(0, colon)))] =
          without_space(line.substr(colon + 1));
    }
    return size;
  }

  const ProbeRequest request_;
  const NetworkProber::Done done_;
  CURL* const handle_;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
  std::string body_;
  std::unordered_map<std::string, std::string> answered_;  // headers and trailers of gRPC
};

}  // namespace

struct NetworkProber::Impl {
  struct Waiting {
    ProbeRequest request;
    Done done;
  };

  CURLM* const multi = curl_multi_init();
  std::mutex mutex;
  std::deque<Waiting> waiting;
  bool stopped = false;
  std::thread thread;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> active;  // the thread's own

  void run() {
    while (true) {
      {
        const std::lock_guard lock(mutex);
        if (stopped) break;
        while (!waiting.empty() && active.size() < probes_at_a_time) {
          auto transfer = std::make_unique<Transfer>(std::move(waiting.front().request),
                                                     std::move(waiting.front().done));
          waiting.pop_front();
          curl_multi_add_handle(multi, transfer->handle());
          active.emplace(transfer->handle(), std::move(transfer));
        }
      }
      int running = 0;
      curl_multi_perform(multi, &running);
      if (collect()) continue;
      curl_multi_poll(multi, nullptr, 0, longest_sleep_ms, nullptr);
    }
    for (auto& [handle, transfer] : active) curl_multi_remove_handle(multi, handle);
    active.clear();
  }

  // True when a probe has ended, and another may begin.
  bool collect() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const handle = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi, handle);
      const auto ended = active.extract(handle);
      ended.mapped()->finish(code);
      any = true;
    }
    return any;
  }
};

NetworkProber::NetworkProber() : impl_(std::make_unique<Impl>()) {}

NetworkProber::~NetworkProber() {
  stop();
  curl_multi_cleanup(impl_->multi);
}

void NetworkProber::probe(ProbeRequest request, Done done) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->stopped) return;
  impl_->waiting.push_back({std::move(request), std::move(done)});
  if (!impl_->thread.joinable()) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  }
  curl_multi_wakeup(impl_->multi);
}

void NetworkProber::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
    curl_multi_wakeup(impl_->multi);
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace yurt::agent
