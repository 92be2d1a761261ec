#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {

void FakeForwarder::call(const std::string& address, std::string_view operation,
                         const std::string& request, std::int64_t timeout_ms,
                         std::function<void(Result<std::string>, bool)> answer) {
  std::pair<Result<std::string>, bool> reply{Error{ErrorCode::internal, "nothing to answer"},
                                             false};
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back({address, std::string(operation), request, timeout_ms});
    if (!answers_.empty()) {
      reply = std::move(answers_.front());
      answers_.erase(answers_.begin());
    }
  }
  answer(std::move(reply.first), reply.second);
}

std::unique_ptr<CallStream> FakeForwarder::open(const std::string& address,
                                                std::string_view operation,
                                                const std::string& first, StreamEvents events) {
  class Nothing final : public CallStream {
   public:
    bool send(Body) override { return false; }
    void finish_sending() override {}
    void consumed(std::size_t) override {}
  };
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back({address, std::string(operation), first, 0});
  }
  events.on_end({});
  return std::make_unique<Nothing>();
}

void FakeForwarder::answer_with(Result<std::string> reply, bool untouched) {
  const std::lock_guard lock(mutex_);
  answers_.emplace_back(std::move(reply), untouched);
}

std::vector<FakeForwarder::Call> FakeForwarder::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

ApiTest::ApiTest() = default;

model::JobRegisterResponse ApiTest::registered(const model::Job& job) {
  model::JobRegisterRequest request;
  *request.mutable_job() = job;
  auto response = call<model::JobRegisterResponse>("RegisterJob", request);
  EXPECT_TRUE(response.ok()) << (response.ok() ? "" : response.error().message);
  return response.ok() ? std::move(*response) : model::JobRegisterResponse();
}

model::Job job_named(const std::string& id) {
  model::Job job;
  job.set_id(id);
  job.set_name(id);
  job.set_type("batch");
  auto* group = job.add_group();
  group->set_name("work");
  group->set_count(1);
  auto* task = group->add_task();
  task->set_name("main");
  task->set_driver("raw_exec");
  (*task->mutable_config()->mutable_fields())["command"].set_string_value("/bin/true");
  return job;
}

model::Command node_named(const std::string& name, const NodeId& id) {
  model::Command command;
  auto* node = command.mutable_register_node()->mutable_node();
  node->set_id(id.to_string());
  node->set_secret_id("5ec4e700-0000-0000-0000-000000000000");
  node->set_name(name);
  node->set_datacenter("dc1");
  node->set_status("ready");
  node->set_http_addr("10.0.0.1:4646");
  (*node->mutable_attributes())["os.name"] = "debian";
  node->mutable_node_resources()->mutable_memory()->set_memory_mb(1024);
  return command;
}

model::Command placed(const FakeCore& core, const JobKey& key, const AllocId& id,
                      const NodeId& node, const EvalId& eval) {
  const JobRef job = core.snapshot().job(key);
  YURT_ASSERT(job != nullptr);
  model::Command command;
  auto* plan = command.mutable_apply_plans()->add_plans();
  plan->set_eval_id(eval.to_bytes());
  plan->set_namespace_(key.ns);
  plan->set_job_id(key.id);
  plan->set_job_version(job->version());
  plan->add_resources();
  plan->add_metrics();
  auto* alloc = plan->add_placed();
  alloc->set_id(id.to_bytes());
  alloc->set_node_id(node.to_bytes());
  return command;
}

model::Command reported(const AllocId& id, const std::string& client_status) {
  model::Command command;
  auto* update = command.mutable_update_allocs_from_client()->add_updates();
  update->set_id(id.to_bytes());
  update->set_client_status(client_status);
  return command;
}

}  // namespace yurt::server
