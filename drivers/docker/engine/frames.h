// The Engine's way to send two streams over one connection: frames of 8 bytes of header (stream,
// three zeros, length big-endian) and the payload. See "Stream format" of the Engine API's attach.
// A value; not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt::drivers::docker {

class FrameReader {
 public:
  // `on_frame(stream, payload)`: stream 1 is standard output, 2 standard error, 3 an error of the
  // Engine's. Whole frames only. corrupt when the bytes are no frames.
  [[nodiscard]] Status feed(std::string_view bytes,
                            const std::function<void(int, std::string_view)>& on_frame);

 private:
  std::string pending_;
};

}  // namespace yurt::drivers::docker
