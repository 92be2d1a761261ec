# Slices of GPUs, and what to take when the first choice is not to be had.
job "device-slices" {
  group "predictor" {
    task "embed" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      resources {
        device "nvidia/gpu" {
          share_devices {
            memory   = "18GiB"
            fraction = 0.25
            max      = 4
          }
        }
      }
    }
    task "rank" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      resources {
        device "nvidia/gpu/H100" {
          count = 2
          first_available "nvidia/gpu/A100" {
            count = 4
            constraint {
              attribute = "${device.attr.memory}"
              operator  = ">="
              value     = "40 GiB"
            }
            affinity {
              attribute = "${device.model}"
              regexp    = "SXM"
            }
          }
          first_available "nvidia/gpu" {
            share_devices {
              memory  = "500MiB"
            }
          }
        }
      }
    }
  }
}
