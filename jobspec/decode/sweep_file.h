// The trials of a sweep that lie in a file: sweep { file = "trials.csv" }.
//
// A CSV file has a header with the parameters' names; a file of JSON holds one object of names and
// values for each trial. The trials take the place of `file`, which is empty afterwards. What is
// wrong is reported with its place in that file.
#pragma once

#include <filesystem>
#include <optional>

#include "jobspec/decode/source_map.h"
#include "jobspec/hcl/diagnostic.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {

// `folder` is the job file's own; without one files cannot be read.
void read_sweep_file(model::Job& job, const std::optional<std::filesystem::path>& folder,
                     const SourceMap& places, hcl::Diagnostics& diagnostics);

}  // namespace yurt::jobspec
