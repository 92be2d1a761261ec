#include "agent/artifact/download.h"

#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>

namespace yurt::agent {
namespace {

constexpr int attempts = 4;
constexpr std::chrono::milliseconds first_pause{500};
constexpr long connect_timeout_s = 30;
constexpr long stalled_after_s = 60;

int on_progress(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(cancelled)->load() ? 1 : 0;
}

void initialise_curl() {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct Outcome {
  Status status;
  bool may_pass = false;
};

Outcome attempt(const DownloadRequest& request, const std::filesystem::path& path,
                const std::atomic<bool>& cancelled) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wbe"),
                                                             std::fclose);
  if (!file) return {system_error(path.string(), errno)};
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers) {
    list = curl_slist_append(list, (name + ": " + value).c_str());
  }
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  char message[CURL_ERROR_SIZE] = {};
  CURL* const handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, connect_timeout_s);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, stalled_after_s);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "yurt");
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, file.get());
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&cancelled));
  if (request.insecure) {
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  const CURLcode code = curl_easy_perform(handle);
  if (code == CURLE_OK) {
    if (std::fflush(file.get()) != 0) return {system_error(path.string(), errno)};
    return {};
  }
  long answer = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer);
  const std::string why = message[0] != '\0' ? message : curl_easy_strerror(code);
  if (cancelled) return {Error{ErrorCode::unavailable, "the download was cancelled"}};
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
      if (answer == 404 || answer == 410) return {Error{ErrorCode::not_found, why}};
      if (answer == 401 || answer == 403) return {Error{ErrorCode::unavailable, why}};
      return {Error{ErrorCode::unavailable, why}, answer >= 500 || answer == 408 || answer == 429};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return {Error{ErrorCode::invalid_argument, why}};
    case CURLE_WRITE_ERROR: return {Error{ErrorCode::io, why}};
    default: return {Error{ErrorCode::unavailable, why}, true};
  }
}

}  // namespace

Status ask_for(const std::string& url) {
  initialise_curl();
  constexpr long longest_s = 30;
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  char message[CURL_ERROR_SIZE] = {};
  CURL* const handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, longest_s);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "yurt");
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
  const CURLcode code = curl_easy_perform(handle);
  if (code == CURLE_OK) return {};
  long answer = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer);
  const bool absent = code == CURLE_HTTP_RETURNED_ERROR && (answer == 404 || answer == 410);
  return Error{absent ? ErrorCode::not_found : ErrorCode::unavailable,
               message[0] != '\0' ? message : curl_easy_strerror(code)};
}

Status download(const DownloadRequest& request, const std::filesystem::path& file,
                const std::atomic<bool>& cancelled) {
  initialise_curl();
  auto pause = first_pause;
  for (int i = 1;; ++i) {
    auto outcome = attempt(request, file, cancelled);
    if (outcome.status.ok() || !outcome.may_pass || i == attempts) return outcome.status;
    for (auto waited = std::chrono::milliseconds(0); waited < pause && !cancelled;
         waited += std::chrono::milliseconds(50)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    if (cancelled) return Error{ErrorCode::unavailable, "the download was cancelled"};
    pause *= 2;
  }
}

}  // namespace yurt::agent
