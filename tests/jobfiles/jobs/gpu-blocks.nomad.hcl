# Workers, slices of devices, alternatives, a watchdog, and templates that restart one by one.
job "gpu-blocks" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      workers {
        per_gpu = 4
        start   = "serial"
        ready   = "check"
      }
      watchdog {
        gpu_util_below = 5
        no_output      = "30m"
        action         = "restart"
      }
      template {
        data        = "x"
        destination = "local/x"
        rolling     = true
      }
      resources {
        device "nvidia/gpu" {
          share_devices {
            memory   = "18GiB"
            fraction = 0.5
            max      = 4
          }
          first_available "nvidia/gpu/A100" {
            count = 1
          }
        }
      }
    }
  }
}
