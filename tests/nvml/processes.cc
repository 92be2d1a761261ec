// Which processes use a card.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/nvml/scene.h"

namespace yurt::nvml {
namespace {

std::string variable(const std::string& environment, const std::string& name) {
  const std::string wanted = name + "=";
  std::size_t at = 0;
  while (at < environment.size()) {
    const std::size_t end = std::min(environment.find('\0', at), environment.size());
    if (environment.compare(at, wanted.size(), wanted) == 0) {
      return environment.substr(at + wanted.size(), end - at - wanted.size());
    }
    at = end + 1;
  }
  return "";
}

void scan(const std::string& uuid, std::vector<Process>& found) {
  std::error_code failure;
  std::filesystem::directory_iterator entry("/proc", failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry->path() / "environ", std::ios::binary);
    const std::string environment{std::istreambuf_iterator<char>(file), {}};
    const std::string memory = variable(environment, "NVML_STANDIN_MEMORY_MIB");
    if (memory.empty()) continue;
    const std::string cards = "," + variable(environment, "NVIDIA_VISIBLE_DEVICES") + ",";
    if (cards.find("," + uuid + ",") == std::string::npos) continue;
    Process process;
    process.pid = static_cast<unsigned>(std::strtoul(name.c_str(), nullptr, 10));
    process.memory_mib = std::strtoull(memory.c_str(), nullptr, 10);
    process.sm = static_cast<unsigned>(
        std::strtoul(variable(environment, "NVML_STANDIN_SM").c_str(), nullptr, 10));
    found.push_back(process);
  }
}

}  // namespace

std::vector<Process> processes_of(const SceneJson& own) {
  std::vector<Process> found;
  for (const SceneJson& process : own.value("processes", SceneJson::array())) {
    found.push_back(
        {process.value("pid", 0U), process.value("memory_mib", 0ULL), process.value("sm", 0U)});
  }
  const SceneJson scene = read_scene();
  if (scene.is_object() && scene.value("scan_processes", false)) {
    scan(own.value("uuid", ""), found);
  }
  return found;
}

}  // namespace yurt::nvml
