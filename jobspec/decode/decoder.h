// Decoder: a block's body into a message, by the message's descriptor.
//
// Everything wrong goes to the diagnostics, and decoding goes on. Each field that is set has its
// place recorded under its path. One decoder serves one file; not thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <string>

#include "jobspec/decode/block_layout.h"
#include "jobspec/decode/source_map.h"
#include "jobspec/hcl/body.h"
#include "jobspec/hcl/diagnostic.h"

namespace yurt::jobspec {

class Decoder {
 public:
  Decoder(SourceMap& places, hcl::Diagnostics& diagnostics)
      : places_(places), diagnostics_(diagnostics) {}

  // `path` is the message's own, "" for the job.
  void decode(const hcl::Body& body, const hcl::ContextPtr& context, const std::string& path,
              google::protobuf::Message& message);

 private:
  void decode_attribute(const hcl::Attribute& attribute, const BlockField& field,
                        const hcl::ContextPtr& context, const std::string& path,
                        google::protobuf::Message& message);
  void decode_shorthand(const hcl::Attribute& attribute, const hcl::ContextPtr& context,
                        const std::string& path, google::protobuf::Message& message);
  void decode_block(const hcl::Block& block, const BlockField& field, const std::string& path,
                    google::protobuf::Message& message);
  void decode_map_block(const hcl::Block& block, const BlockField& field, const std::string& path,
                        google::protobuf::Message& message);
  void decode_free_form(const hcl::Block& block, const BlockField& field, const std::string& path,
                        google::protobuf::Message& message);

  SourceMap& places_;
  hcl::Diagnostics& diagnostics_;
};

}  // namespace yurt::jobspec
