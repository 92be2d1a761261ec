#include "drivers/docker/engine/frames.h"

namespace yurt::drivers::docker {
namespace {

constexpr std::size_t frame_header_bytes = 8;
// Far beyond what the Engine sends (16 KiB of log, 32 KiB of exec).
constexpr std::uint32_t longest_frame_bytes = 64U << 20;

}  // namespace

Status FrameReader::feed(std::string_view bytes,
                         const std::function<void(int, std::string_view)>& on_frame) {
  if (!pending_.empty()) {
    pending_.append(bytes);
    bytes = pending_;
  }
  while (bytes.size() >= frame_header_bytes) {
    const auto at = [&bytes](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    const std::uint32_t length = at(4) << 24 | at(5) << 16 | at(6) << 8 | at(7);
    if (at(0) > 3 || at(1) != 0 || at(2) != 0 || at(3) != 0 || length > longest_frame_bytes) {
      return Error{ErrorCode::corrupt, "the Docker Engine's stream has no sound frames"};
    }
    if (bytes.size() < frame_header_bytes + length) break;
    on_frame(static_cast<int>(at(0)), bytes.substr(frame_header_bytes, length));
    bytes.remove_prefix(frame_header_bytes + length);
  }
  pending_ = std::string(bytes);
  return {};
}

}  // namespace yurt::drivers::docker
