job "invalid-devices" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      resources {
        device "nvidia//A100" {
          share_devices { memory = "18" }
        }
        device "gpu" {
          share_devices {
            memory   = "12 parsecs"
            fraction = 1.5
            max      = 0
          }
        }
        device "gpu" {
          share_devices {}
          first_available "gpu" {
            count = 0
            share_devices { memory = "0GiB" }
          }
          first_available "gpu" {}
          first_available "gpu" {}
          first_available "gpu" {}
        }
        device "gpu" {
          first_available "gpu" {}
          first_available "gpu" {}
          first_available "gpu" {}
          first_available "gpu" {}
          first_available "gpu" {}
          first_available "gpu" {}
          affinity {
            attribute = "${device.model}"
            value     = "A100"
            weight    = 0
          }
        }
      }
    }
  }
}
