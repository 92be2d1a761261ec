#include "server/agents/report_batch.h"

#include <utility>

#include "server/new_evals.h"

namespace yurt::server {
namespace {

// Far below what a command may have (3 MiB), and large enough that its own cost does not count.
constexpr std::size_t max_report_bytes = 1 << 20;

}  // namespace

void ReportBatch::add(const model::AgentUpdates& report, Done done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({report, std::move(done)});
    if (std::exchange(under_way_, true)) return;
  }
  propose(take());
}

std::vector<ReportBatch::Report> ReportBatch::take() {
  std::vector<Report> taken;
  const std::lock_guard lock(mutex_);
  for (std::size_t bytes = 0; !waiting_.empty() && bytes < max_report_bytes;) {
    bytes += waiting_.front().updates.ByteSizeLong();
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  under_way_ = !taken.empty();
  return taken;
}

void ReportBatch::propose(std::vector<Report> reports) {
  if (reports.empty()) return;
  model::Command command;
  auto* all = command.mutable_update_allocs_from_client();
  for (Report& report : reports) {
    for (auto& update : *report.updates.mutable_updates()) {
      all->add_updates()->Swap(&update);
    }
  }
  for (auto& eval : client_update_evals(store_.snapshot(), *all, random_)) {
    *all->add_evaluations() = std::move(eval);
  }
  auto shared = std::make_shared<std::vector<Report>>(std::move(reports));
  proposer_.propose(std::move(command), [this, shared](Result<Applied> applied) {
    const Status status = applied.ok() ? Status() : Status(applied.error());
    // The next command is on its way while the agents are told of this one.
    auto next = take();
    if (!next.empty()) propose(std::move(next));
    for (const Report& report : *shared) report.done(status);
  });
}

}  // namespace yurt::server
