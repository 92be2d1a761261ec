// What a task's templates read of the cluster: waiting for it, looking at it again when it changes,
// and the turn to restart for it.
#include <algorithm>
#include <utility>

#include "agent/runner/task_event.h"
#include "agent/runner/task_runner.h"

namespace yurt::agent {
namespace {

// How long the servers may take to answer before a task says what it waits for.
constexpr std::int64_t answer_patience_ns = 3 * nanoseconds_per_second;

}  // namespace

void TaskRunner::wait_for_data(BlockedTask blocked) {
  blocked_ = true;
  materials_->artifacts_fetched = true;
  materials_->templates = std::move(blocked.templates);
  std::sort(blocked.missing.begin(), blocked.missing.end());
  blocked.missing.erase(std::unique(blocked.missing.begin(), blocked.missing.end()),
                        blocked.missing.end());
  missing_.clear();
  for (const auto& one : blocked.missing) missing_ += (missing_.empty() ? "" : ", ") + one;
  context_.loop.cancel(missing_timer_);
  const std::int64_t patience_ns = blocked.answered ? 0 : answer_patience_ns;
  missing_timer_ =
      context_.loop.at(context_.clock.steady_ns() + patience_ns, [self = weak_from_this()] {
        if (const auto alive = self.lock()) alive->tell_missing();
      });
  read_cluster();
  // What came between the rendering and the reading is not told again.
  for (const WatchKey& key : materials_->templates->watches()) {
    if (!blocked.answered && context_.cluster.find(key)) return data_changed();
  }
}

void TaskRunner::tell_missing() {
  if (!blocked_ || missing_ == told_missing_) return;
  told_missing_ = missing_;
  owner_.task_event(copy_, task_event::template_message("Missing: " + missing_));
}

void TaskRunner::read_cluster() {
  if (!materials_->templates) return;
  context_.cluster.read(this, materials_->templates->watches(), [this] { data_changed(); });
}

void TaskRunner::data_changed() {
  const auto wait = materials_->templates ? materials_->templates->wait() : TaskTemplates::Wait{};
  const std::int64_t now_ns = context_.clock.steady_ns();
  if (data_since_ns_ == 0) data_since_ns_ = now_ns;
  const std::int64_t at_ns = std::min(now_ns + wait.min_ns, data_since_ns_ + wait.max_ns);
  context_.loop.cancel(data_timer_);
  data_timer_ = context_.loop.at(at_ns, [self = weak_from_this()] {
    if (const auto alive = self.lock()) alive->look_at_data();
  });
}

void TaskRunner::look_at_data() {
  data_since_ns_ = 0;
  if (blocked_) {
    prepare();
  } else if (run_) {
    check_templates();
  }
}

void TaskRunner::ask_for_turn(std::uint64_t index) {
  if (turn_ != Turn::asked) {
    owner_.task_event(copy_, task_event::template_message(
                                 "Waits for its turn to restart: the group's instances restart "
                                 "one at a time"));
  }
  turn_ = Turn::asked;
  context_.turns.ask(alloc_, task_->name(), index,
                     [this](const std::string& refused) { answer_turn(refused); });
}

void TaskRunner::answer_turn(const std::string& refused) {
  if (refused.empty()) {
    turn_ = Turn::granted;
    owner_.task_has_turn(copy_, "Template with change_mode restart re-rendered; its turn has come");
    return;
  }
  turn_ = Turn::none;
  if (materials_->templates) materials_->templates->refuse_staged();
  owner_.task_event(copy_, task_event::template_message("Rolling restart stopped: " + refused +
                                                        "; this instance keeps what it runs"));
}

void TaskRunner::turn_ended(bool healthy) {
  if (turn_ != Turn::granted) return;
  if (healthy) {
    turn_ = Turn::none;
    context_.turns.done(alloc_, task_->name());
  } else {
    turn_ = Turn::failed;
    context_.turns.failed(alloc_, task_->name());
    owner_.task_event(copy_, task_event::template_message(
                                 "Rolling restart stopped: this instance was not healthy after "
                                 "its restart; the others keep what they run"));
  }
}

void TaskRunner::end_turn() {
  if (turn_ != Turn::none && task_ != nullptr) context_.turns.cancel(alloc_, task_->name());
  turn_ = Turn::none;
}

}  // namespace yurt::agent
