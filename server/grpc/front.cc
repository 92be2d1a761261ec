#include "server/grpc/front.h"

#include <string>

#include "server/api/service.h"
#include "server/grpc/reactors.h"

namespace yurt::server {

class GrpcFront::Methods final : public grpc::CallbackGenericService {
 public:
  explicit Methods(Service& service) : service_(service) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    static const std::string prefix = "/yurt.model.Yurt/";
    const std::string& method = context->method();
    const Operation* operation = method.starts_with(prefix)
                                     ? service_.find(std::string_view(method).substr(prefix.size()))
                                     : nullptr;
    if (operation == nullptr) {
      return refuse({grpc::StatusCode::UNIMPLEMENTED, "this server has no method " + method});
    }
    return operation->stream ? start_stream(service_, *operation, *context)
                             : start_unary(service_, *operation, *context);
  }

 private:
  Service& service_;
};

GrpcFront::GrpcFront(Service& service) : methods_(std::make_unique<Methods>(service)) {}
GrpcFront::~GrpcFront() = default;

grpc::CallbackGenericService& GrpcFront::service() { return *methods_; }

}  // namespace yurt::server
