#include "drivers/docker/image/image_search.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "drivers/docker/image/credentials.h"

namespace yurt::drivers::docker {

Result<std::string> ImageSearch::local(std::int64_t* size_bytes) {
  YURT_ASSIGN(const nlohmann::json json,
              means_.services.engine.json({"GET", "/images/" + wish_.image.text() + "/json"}));
  if (size_bytes != nullptr) *size_bytes = json.value("Size", std::int64_t{0});
  return json.value("Id", "");
}

void ImageSearch::find() {
  if (!wish_.stay_local && (wish_.ask_registry || wish_.image.moves())) return pull();
  auto id = local();
  if (id.ok()) {
    means_.images.used(wish_.image.text(), SystemClock().wall_ns());
    return wish_.on_done(std::move(id), false);
  }
  if (id.error().code != ErrorCode::not_found || wish_.stay_local) {
    return wish_.on_done(id.error(), id.error().code == ErrorCode::unavailable);
  }
  pull();
}

void ImageSearch::pull() {
  auto auth =
      registry_auth(wish_.auth, wish_.auth_soft_fail, wish_.image.registry(), means_.options);
  if (!auth.ok()) return wish_.on_done(auth.error(), false);
  PullWish pull;
  pull.id = wish_.id;
  pull.image = wish_.image;
  pull.auth = std::move(*auth);
  pull.timeout_ns = wish_.pull_timeout_ns;
  pull.on_progress = wish_.on_progress;
  pull.on_done = [self = shared_from_this()](Status outcome) {
    self->means_.services.workers.submit(
        [self, outcome = std::move(outcome)] { self->pulled(outcome); });
  };
  means_.puller.pull(std::move(pull));
}

void ImageSearch::pulled(const Status& outcome) {
  std::int64_t size_bytes = 0;
  auto id = local(&size_bytes);
  if (!outcome.ok()) {
    // Whether the tag has moved can't be told now; the copy that is here will do.
    if (!id.ok() || wish_.ask_registry) return wish_.on_done(outcome.error(), false);
    wish_.on_progress("Using the local copy of " + wish_.image.text() + ": " +
                      outcome.error().message);
  } else if (id.ok()) {
    means_.images.pulled(wish_.image.text(), size_bytes, SystemClock().wall_ns());
  }
  wish_.on_done(std::move(id), false);
}

}  // namespace yurt::drivers::docker
