#include "drivers/docker/image/puller.h"

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "drivers/docker/image/pull_progress.h"

namespace yurt::drivers::docker {
namespace {

constexpr std::size_t pulls_at_a_time = 3;
constexpr std::int64_t first_wait_ns = 5 * nanoseconds_per_second;
constexpr std::int64_t longest_wait_ns = 120 * nanoseconds_per_second;
// After this long without a failure the next one counts as the first.
constexpr std::int64_t forgiven_ns = 600 * nanoseconds_per_second;
// Between two looks at who still waits.
constexpr std::int64_t tick_ns = nanoseconds_per_second / 4;
// A task keeps few events: the first report after this time, each next after twice the last.
constexpr std::int64_t first_report_ns = 10 * nanoseconds_per_second;

std::string in_seconds(std::int64_t ns) {
  return format_duration((ns + nanoseconds_per_second - 1) / nanoseconds_per_second *
                         nanoseconds_per_second);
}

}  // namespace

Puller::Puller(Engine& engine, Background& background, std::int64_t activity_timeout_ns)
    : engine_(engine),
      background_(background),
      activity_timeout_ns_(activity_timeout_ns),
      workers_(pulls_at_a_time) {}

Puller::~Puller() {
  {
    const std::lock_guard lock(alive_->mutex);
    alive_->value = false;
  }
  std::map<std::string, std::shared_ptr<Pull>> waiting;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& [key, pull] : pulls_) {
      pull->interrupt.set();
      if (!pull->running) waiting.emplace(key, pull);
    }
  }
  for (const auto& [key, pull] : waiting) {
    finish(key, *pull, Error{ErrorCode::unavailable, "the agent is stopping"});
  }
}

void Puller::pull(PullWish wish) {
  const std::string key = wish.image.text() + " " + wish.auth;
  const std::int64_t deadline_ns = clock_.steady_ns() + wish.timeout_ns;
  const std::string image = wish.image.text();
  const auto on_progress = wish.on_progress;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    auto& pull = pulls_[key];
    first = pull == nullptr;
    if (first) {
      pull = std::make_shared<Pull>();
      pull->image = wish.image;
      pull->auth = wish.auth;
    }
    pull->wishes.push_back({std::move(wish), deadline_ns});
  }
  on_progress("Downloading image " + image);
  if (first) schedule(key);
}

void Puller::schedule(const std::string& key) {
  std::int64_t delay_ns = 0;
  std::string message;
  {
    const std::lock_guard lock(mutex_);
    const auto failure = failures_.find(key);
    const auto pull = pulls_.find(key);
    if (pull == pulls_.end() || ending_) return;
    if (failure != failures_.end()) {
      delay_ns = std::max<std::int64_t>(0, failure->second.next_try_ns - clock_.steady_ns());
      if (delay_ns > 0) {
        message = "Waiting " + in_seconds(delay_ns) +
                  " before the next try to download the image: " + failure->second.message;
      }
      for (const Wish& wish : pull->second->wishes) {
        delay_ns =
            std::min(delay_ns, std::max<std::int64_t>(0, wish.deadline_ns - clock_.steady_ns()));
      }
    }
  }
  if (!message.empty()) tell(key, message);
  const auto begin = [this, key, alive = alive_] {
    const std::lock_guard lock(alive->mutex);
    if (alive->value) workers_.submit([this, key] { run(key); });
  };
  if (delay_ns == 0) {
    begin();
  } else {
    background_.run_after(delay_ns, begin);
  }
}

void Puller::run(const std::string& key) {
  std::shared_ptr<Pull> pull;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pulls_.find(key);
    if (found == pulls_.end()) return;
    pull = found->second;
    pull->running = true;
  }
  if (!drop_late(key, *pull)) return;
  const Status outcome = transfer(key, *pull);
  {
    const std::lock_guard lock(mutex_);
    if (outcome.ok()) {
      failures_.erase(key);
    } else if (!pull->interrupt.is_set()) {
      Failure& failure = failures_[key];
      const std::int64_t now_ns = clock_.steady_ns();
      if (now_ns - failure.next_try_ns > forgiven_ns) failure.count = 0;
      const std::int64_t wait_ns =
          std::min(longest_wait_ns, first_wait_ns << std::min(failure.count, 10));
      ++failure.count;
      failure.next_try_ns = now_ns + wait_ns;
      failure.message = outcome.error().message;
    }
  }
  finish(key, *pull, outcome);
}

Status Puller::transfer(const std::string& key, Pull& pull) {
  EngineCall call;
  call.method = "POST";
  call.path = "/images/create?fromImage=" + url_encoded(pull.image.repository) +
              "&tag=" + url_encoded(pull.image.digest.empty() ? pull.image.tag : pull.image.digest);
  call.timeout_ns = activity_timeout_ns_;
  call.headers.emplace_back("Connection", "close");
  if (!pull.auth.empty()) call.headers.emplace_back("X-Registry-Auth", pull.auth);
  auto connection = engine_.open(call, pull.interrupt);
  if (!connection.ok()) {
    const Error& error = connection.error();
    return error.code == ErrorCode::unavailable || error.code == ErrorCode::not_found
               ? pull_error(error.message)
               : error;
  }
  PullProgress progress;
  const std::int64_t begun_ns = clock_.steady_ns();
  std::int64_t heard_ns = begun_ns;
  std::int64_t report_ns = begun_ns + first_report_ns;
  while (true) {
    auto piece = connection->read_body(clock_.steady_ns() + tick_ns);
    const std::int64_t now_ns = clock_.steady_ns();
    if (piece.ok() && piece->empty()) break;
    if (piece.ok()) {
      heard_ns = now_ns;
      progress.feed(*piece);
    } else if (piece.error().code != ErrorCode::deadline_exceeded) {
      return piece.error();
    } else if (now_ns - heard_ns > activity_timeout_ns_) {
      return Error{ErrorCode::unavailable, "downloading the image made no progress for " +
                                               format_duration(activity_timeout_ns_)};
    }
    if (!drop_late(key, pull)) {
      pull.interrupt.set();
      return Error{ErrorCode::deadline_exceeded, "nobody waits for the image any more"};
    }
    if (now_ns >= report_ns) {
      tell(key, "Downloading image " + pull.image.text() + ": " + progress.summary());
      report_ns = now_ns + (now_ns - begun_ns);
    }
  }
  if (progress.error()) return *progress.error();
  return {};
}

void Puller::tell(const std::string& key, const std::string& message) {
  std::vector<std::function<void(const std::string&)>> listeners;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pulls_.find(key);
    if (found == pulls_.end()) return;
    for (const Wish& wish : found->second->wishes) listeners.push_back(wish.wish.on_progress);
  }
  for (const auto& listener : listeners) listener(message);
}

bool Puller::drop_late(const std::string& key, const Pull& pull) {
  std::vector<Wish> late;
  bool left = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pulls_.find(key);
    if (found == pulls_.end() || found->second.get() != &pull) return false;
    auto& wishes = found->second->wishes;
    const std::int64_t now_ns = clock_.steady_ns();
    const auto first_late = std::stable_partition(
        wishes.begin(), wishes.end(), [now_ns](const Wish& w) { return w.deadline_ns > now_ns; });
    late.assign(std::make_move_iterator(first_late), std::make_move_iterator(wishes.end()));
    wishes.erase(first_late, wishes.end());
    left = !wishes.empty();
    if (!left) pulls_.erase(found);
  }
  for (const Wish& wish : late) {
    wish.wish.on_done(Error{ErrorCode::deadline_exceeded,
                            "the image " + wish.wish.image.text() + " could not be downloaded in " +
                                format_duration(wish.wish.timeout_ns) + " (image_pull_timeout)"});
  }
  return left;
}

void Puller::finish(const std::string& key, const Pull& pull, const Status& outcome) {
  std::vector<Wish> wishes;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pulls_.find(key);
    if (found == pulls_.end() || found->second.get() != &pull) return;
    wishes = std::move(found->second->wishes);
    pulls_.erase(found);
  }
  for (const Wish& wish : wishes) {
    wish.wish.on_done(outcome.ok() ? outcome
                                   : Status(outcome.error().within("downloading the image " +
                                                                   wish.wish.image.text())));
  }
}

void Puller::cancel(const std::string& id) {
  std::vector<Wish> cancelled;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [key, pull] : pulls_) {
      for (std::size_t i = 0; i < pull->wishes.size();) {
        if (pull->wishes[i].wish.id != id) {
          ++i;
          continue;
        }
        cancelled.push_back(std::move(pull->wishes[i]));
        pull->wishes.erase(pull->wishes.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }
  for (const Wish& wish : cancelled) {
    wish.wish.on_done(Error{ErrorCode::unavailable, "the start was cancelled"});
  }
}

}  // namespace yurt::drivers::docker
