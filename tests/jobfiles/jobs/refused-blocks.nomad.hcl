# What parses and is shown, and never runs: one sentence each.
job "refused-blocks" {
  multiregion {
    strategy {
      max_parallel = 1
      on_failure   = "fail_all"
    }
    region "west" {
      count       = 2
      datacenters = ["west-1"]
      node_pool   = "p"
      meta { a = "b" }
    }
    region "east" {}
  }
  group "g" {
    service {
      name = "api"
      connect {
        native = true
        sidecar_service {
          tags = ["x"]
          proxy {
            upstreams {
              destination_name = "db"
              local_bind_port  = 5432
            }
          }
        }
        sidecar_task {
          driver = "docker"
        }
        gateway {
          proxy {}
        }
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      schedule {
        cron {
          start    = "0 8 * * *"
          end      = "0 18 * * *"
          timezone = "UTC"
        }
      }
      csi_plugin {
        id   = "p"
        type = "node"
      }
      resources {
        numa {
          affinity = "require"
          devices  = ["nvidia/gpu"]
        }
        disk = 100
      }
    }
  }
}
