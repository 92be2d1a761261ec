#include "server/state/snapshot.h"

#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::server {
namespace {

template <typename Map, typename Key>
typename std::decay_t<decltype(*std::declval<const Map&>().find(std::declval<Key>()))> look_up(
    const Map& map, const Key& key) {
  const auto* found = map.find(key);
  return found == nullptr ? nullptr : *found;
}

}  // namespace

std::uint64_t job_hash(const std::string& ns, const std::string& id) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](char c) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  for (char c : ns) mix(c);
  mix('\0');
  for (char c : id) mix(c);
  return hash;
}

JobRecordRef Snapshot::job_record(const JobKey& key) const { return look_up(tables_->jobs, key); }

JobRef Snapshot::job(const JobKey& key) const {
  const auto record = job_record(key);
  return record ? record->job : nullptr;
}

JobRef Snapshot::job_version(const JobKey& key, std::uint64_t version) const {
  const auto record = job_record(key);
  if (!record) return nullptr;
  for (const JobRef& job : record->versions) {
    if (job->version() == version) return job;
  }
  return nullptr;
}

std::vector<AllocRef> Snapshot::allocs_of_job(const JobKey& key) const {
  std::vector<AllocRef> out;
  const std::uint64_t hash = job_hash(key);
  tables_->allocs_by_job.scan(JobAllocKey{hash, {}}, [&](const JobAllocKey& at, const AllocRef& a) {
    if (at.job_hash != hash) return false;
    if (a->job->id() == key.id && a->job->namespace_() == key.ns) out.push_back(a);
    return true;
  });
  return out;
}

std::vector<AllocRef> Snapshot::allocs_of_node(const NodeId& node) const {
  std::vector<AllocRef> out;
  tables_->allocs_by_node.scan(NodeAllocKey{node, {}},
                               [&](const NodeAllocKey& at, const AllocRef& alloc) {
                                 if (at.node != node) return false;
                                 out.push_back(alloc);
                                 return true;
                               });
  return out;
}

AllocRef Snapshot::alloc(const AllocId& id) const { return look_up(tables_->allocs, id); }
NodeRef Snapshot::node(const NodeId& id) const { return look_up(tables_->nodes, id); }
EvalRef Snapshot::eval(const EvalId& id) const { return look_up(tables_->evals, id); }
DeploymentRef Snapshot::deployment(const DeploymentId& id) const {
  return look_up(tables_->deployments, id);
}
SchedulerConfigRef Snapshot::scheduler_config() const { return tables_->scheduler_config; }
NodePoolRef Snapshot::node_pool(const std::string& name) const {
  return look_up(tables_->node_pools, name);
}

std::vector<EvalRef> Snapshot::evals_of_job(const JobKey& key) const {
  std::vector<EvalRef> out;
  const std::uint64_t hash = job_hash(key);
  tables_->evals_by_job.scan(JobEvalKey{hash, {}}, [&](const JobEvalKey& at, const EvalRef& eval) {
    if (at.job_hash != hash) return false;
    if (eval->job_id() == key.id && eval->namespace_() == key.ns) out.push_back(eval);
    return true;
  });
  return out;
}

std::vector<DeploymentRef> Snapshot::deployments_of_job(const JobKey& key) const {
  std::vector<DeploymentRef> out;
  const std::uint64_t hash = job_hash(key);
  tables_->deployments_by_job.scan(
      JobDeploymentKey{hash, 0}, [&](const JobDeploymentKey& at, const DeploymentRef& deployment) {
        if (at.job_hash != hash) return false;
        if (deployment->job_id() == key.id && deployment->namespace_() == key.ns) {
          out.push_back(deployment);
        }
        return true;
      });
  return out;
}

DeploymentRef Snapshot::latest_deployment(const JobKey& key) const {
  auto all = deployments_of_job(key);
  return all.empty() ? nullptr : all.back();
}

std::vector<ServiceRef> Snapshot::services_of_alloc(const AllocId& alloc) const {
  std::vector<ServiceRef> out;
  tables_->services_by_alloc.scan(AllocServiceKey{alloc, ""},
                                  [&](const AllocServiceKey& at, const ServiceRef& service) {
                                    if (at.alloc != alloc) return false;
                                    out.push_back(service);
                                    return true;
                                  });
  return out;
}

std::vector<ServiceRef> Snapshot::services_named(const std::string& ns,
                                                 const std::string& name) const {
  std::vector<ServiceRef> out;
  tables_->services.scan(ServiceKey{ns, name, ""},
                         [&](const ServiceKey& at, const ServiceRef& service) {
                           if (at.ns != ns || at.name != name) return false;
                           out.push_back(service);
                           return true;
                         });
  return out;
}

std::string Snapshot::node_name(const NodeId& id) const {
  const auto found = node(id);
  return found ? found->name() : std::string();
}

}  // namespace yurt::server
