#include "bench/machine/scratch_folder.h"

#include <stdlib.h>

#include "base/assert.h"

namespace yurt::bench {

ScratchFolder::ScratchFolder(const std::string& parent, const std::string& name) {
  std::string made = parent + "/" + name + "-XXXXXX";
  YURT_ASSERT(::mkdtemp(made.data()) != nullptr);
  path_ = made;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace yurt::bench
