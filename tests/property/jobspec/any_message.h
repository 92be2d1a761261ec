// Random messages of any type of the schema, by their descriptors.
#pragma once

#include <google/protobuf/message.h>

#include "base/random.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {

// Every field set or not by chance, lists of up to three, text with everything that needs escaping.
// Fields that exist only in job files stay empty.
void fill(google::protobuf::Message& message, Random& random);

// A job that a job file can say: no fields that only JSON has, names that labels can hold, no bare
// object as a member of a driver's config.
[[nodiscard]] model::Job any_job_of_a_file(Random& random);

}  // namespace yurt::jobspec
