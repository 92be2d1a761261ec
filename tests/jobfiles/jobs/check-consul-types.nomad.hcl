# Script and gRPC checks: Nomad has them with Consul alone.
job "check-consul-types" {
  group "g" {
    network {
      port "grpc" {}
    }
    service {
      name = "api"
      port = "grpc"
      check {
        type     = "script"
        task     = "t"
        command  = "/bin/check"
        args     = ["-q"]
        interval = "10s"
        timeout  = "1s"
      }
      check {
        type         = "grpc"
        grpc_service = "health"
        grpc_use_tls = true
        interval     = "10s"
        timeout      = "1s"
        advertise    = "10.0.0.1"
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
