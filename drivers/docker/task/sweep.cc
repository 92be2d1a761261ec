#include "drivers/docker/task/sweep.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "drivers/docker/container/labels.h"
#include "drivers/docker/image/image_name.h"

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

}  // namespace

Result<std::vector<OwnContainer>> own_containers(Services& services) {
  const Json filters{{"label", {std::string(label::owner) + "=" + services.owner}}};
  YURT_ASSIGN(const Json list, services.engine.json({"GET", "/containers/json?all=1&filters=" +
                                                                url_encoded(filters.dump())}));
  std::vector<OwnContainer> own;
  for (const Json& entry : list) {
    const Json labels = entry.value("Labels", Json::object());
    // Nothing is trusted to have been filtered: what is not ours must not be touched.
    if (labels.value(label::owner, "") != services.owner) continue;
    auto state = ContainerState::decode(labels.value(label::state, ""));
    if (!state.ok()) continue;
    OwnContainer container;
    container.id = entry.value("Id", "");
    container.state = std::move(*state);
    container.state.container_id = container.id;
    container.created_at_ns = entry.value("Created", std::int64_t{0}) * nanoseconds_per_second;
    container.ever_started = entry.value("State", "") != "created";
    own.push_back(std::move(container));
  }
  return own;
}

void remove_own_container(Services& services, const OwnContainer& container) {
  const auto removed =
      services.engine.call({"DELETE", "/containers/" + container.id + "?v=1&force=1"});
  if (!removed.ok() && removed.error().code != ErrorCode::not_found) {
    YURT_LOG(warn, "docker", "removing the container {}: {}", container.id,
             removed.error().message);
    return;
  }
  std::error_code ignored;
  std::filesystem::remove(services.position_path(container.state.task_id), ignored);
  if (const std::string& group = container.state.limits_group; !group.empty()) {
    services.limit_groups.leave(group, false);
  }
}

void sweep_containers(Services& services, std::int64_t grace_ns, std::int64_t now_wall_ns) {
  const auto own = own_containers(services);
  if (!own.ok()) return;
  for (const OwnContainer& container : *own) {
    if (services.is_kept(container.state.task_id) ||
        now_wall_ns - container.created_at_ns < grace_ns) {
      continue;
    }
    YURT_LOG(warn, "docker", "removing the container of {}: no allocation owns it",
             container.state.task_id);
    remove_own_container(services, container);
  }
}

void sweep_images(Services& services, ImageUses& images, const DockerOptions& options,
                  std::int64_t now_wall_ns) {
  const auto known = images.all();
  if (!options.collect_images || known.empty()) return;
  // What any container, ours or not, was made from is in use.
  const auto containers = services.engine.json({"GET", "/containers/json?all=1"});
  if (!containers.ok()) return;
  std::vector<std::string> in_use;
  for (const KnownImage& image : known) {
    const auto inspect = services.engine.json({"GET", "/images/" + image.name + "/json"});
    if (!inspect.ok()) {
      if (inspect.error().code == ErrorCode::not_found) images.forget(image.name);
      continue;
    }
    const std::string id = inspect->value("Id", "");
    for (const Json& container : *containers) {
      if (container.value("ImageID", "") != id) continue;
      in_use.push_back(image.name);
      images.used(image.name, now_wall_ns);
      break;
    }
  }
  for (const std::string& name : images_to_remove(
           images.all(), in_use, now_wall_ns, options.image_delay_ns, options.image_max_bytes)) {
    const auto removed = services.engine.call({"DELETE", "/images/" + name});
    if (removed.ok() || removed.error().code == ErrorCode::not_found) {
      YURT_LOG(info, "docker", "the image {} was removed: nothing used it", name);
      images.forget(name);
    } else if (removed.error().code == ErrorCode::conflict) {
      images.used(name, now_wall_ns);  // a container was made from it meanwhile
    }
  }
}

}  // namespace yurt::drivers::docker
