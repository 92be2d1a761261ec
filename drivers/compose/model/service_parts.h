// The larger keys of a service, read one file each. Functions fit NodeReader::Key<Service>.
#pragma once

#include <string>

#include "drivers/compose/model/node_reader.h"
#include "drivers/compose/model/project.h"

namespace yurt::drivers::compose {

void read_deploy(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into);
void read_depends_on(NodeReader& reader, const std::string& field, const YamlNode& node,
                     Service& into);
void read_environment(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into);
void read_env_file(NodeReader& reader, const std::string& field, const YamlNode& node,
                   Service& into);
void read_gpus(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into);
void read_healthcheck(NodeReader& reader, const std::string& field, const YamlNode& node,
                      Service& into);
void read_network_mode(NodeReader& reader, const std::string& field, const YamlNode& node,
                       Service& into);
void read_ports(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into);
void read_restart(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into);
void read_service_configs(NodeReader& reader, const std::string& field, const YamlNode& node,
                          Service& into);
void read_service_networks(NodeReader& reader, const std::string& field, const YamlNode& node,
                           Service& into);
void read_service_secrets(NodeReader& reader, const std::string& field, const YamlNode& node,
                          Service& into);
void read_ulimits(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into);
void read_volumes(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into);

// The whole service. `node` is the value under its name.
void read_service(NodeReader& reader, const std::string& field, const YamlNode& node,
                  Service& into);

}  // namespace yurt::drivers::compose
