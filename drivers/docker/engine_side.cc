#include "drivers/docker/engine_side.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "base/file.h"

namespace yurt::drivers::docker {
namespace {

// Made once: whose containers are whose must not depend on names or paths that may be reused.
Result<std::string> owner_of(const std::string& state_folder, Random& random) {
  const std::string path = state_folder + "/owner";
  auto known = read_file(path);
  if (known.ok() && known->size() == 32) return known;
  const std::string made = fmt::format("{:016x}{:016x}", random.next(), random.next());
  YURT_TRY(write_file_atomically(path, made, 0600));
  return made;
}

}  // namespace

Result<std::shared_ptr<EngineSide>> EngineSide::open(DockerOptions options, Random& random) {
  YURT_TRY(make_folders(options.state_folder, 0700));
  YURT_ASSIGN(std::string owner, owner_of(options.state_folder, random));
  YURT_ASSIGN(std::unique_ptr<EventLoop> loop, EventLoop::create());
  std::shared_ptr<EngineSide> side(
      new EngineSide(std::move(options), std::move(owner), std::move(loop)));
  side->sweep_later();
  return side;
}

EngineSide::EngineSide(DockerOptions given, std::string owner, std::unique_ptr<EventLoop> loop)
    : options(std::move(given)),
      services(options.endpoint, options.state_folder, std::move(owner), std::move(loop),
               options.cgroups),
      images(options.state_folder + "/images.json"),
      puller_(std::make_unique<Puller>(services.engine, services.background,
                                       options.pull_activity_timeout_ns)) {}

void EngineSide::on_sweep(std::function<void(std::int64_t)> sweep) {
  const std::lock_guard lock(mutex_);
  sweeps_.push_back(std::move(sweep));
}

void EngineSide::sweep_later() {
  services.background.run_after(options.sweep_interval_ns, [this] {
    services.workers.submit([this] {
      std::vector<std::function<void(std::int64_t)>> sweeps;
      {
        const std::lock_guard lock(mutex_);
        sweeps = sweeps_;
      }
      const std::int64_t now_ns = SystemClock().wall_ns();
      for (const auto& sweep : sweeps) sweep(now_ns);
    });
    sweep_later();
  });
}

bool EngineSide::socket_exists() const {
  struct stat info {};
  return ::stat(services.engine.socket_path().c_str(), &info) == 0;
}

void EngineSide::shut_down() {
  services.engine.shut_down();
  services.workers.stop();
  const std::lock_guard lock(mutex_);
  puller_.reset();
}

}  // namespace yurt::drivers::docker
