job "network-ports" {
  group "g" {
    network {
      mode     = "host"
      hostname = "predictor-${NOMAD_ALLOC_INDEX}"
      port "http" {}
      port "metrics" {
        static = 9100
      }
      port "admin" {
        static           = 9101
        to               = 9000
        host_network     = "private"
        ignore_collision = true
      }
      port "grpc" {
        to = -1
      }
      dns {
        servers  = ["10.0.0.2", "10.0.0.3"]
        searches = ["internal"]
        options  = ["ndots:2"]
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
