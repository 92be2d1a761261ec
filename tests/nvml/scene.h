// Scene: what the stand-in pretends there is, from its file. Thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/gpu/nvml_abi.h"

namespace yurt::nvml {

// A handle stands for a card or instance by its UUID for as long as the library is loaded.
struct DeviceHandle {
  std::string uuid;
};

using SceneJson = nlohmann::json;

// The file's content as it is now; null when there is none, or it is not whole.
[[nodiscard]] SceneJson read_scene();
[[nodiscard]] Device handle_of(const std::string& uuid);

// The card or instance of the handle and the card it is on; empty when it is gone or lost.
struct Found {
  SceneJson own, card;
  [[nodiscard]] bool is_mig() const { return own.value("uuid", "") != card.value("uuid", ""); }
};
[[nodiscard]] std::optional<Found> find(Device device);

struct Process {
  unsigned pid = 0;
  unsigned long long memory_mib = 0;
  unsigned sm = 0;
};
// Those that the file lists and, where it asks for it, those found on the machine.
[[nodiscard]] std::vector<Process> processes_of(const SceneJson& own);

// Copies `text` with its NUL; invalid_argument when it is null, insufficient_size when too long.
[[nodiscard]] Return copy_text(const std::string& text, char* out, unsigned size);

}  // namespace yurt::nvml

#define YURT_NVML extern "C" __attribute__((visibility("default"))) ::yurt::nvml::Return
