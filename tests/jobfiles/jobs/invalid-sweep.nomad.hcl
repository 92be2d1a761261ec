job "invalid-sweep" {
  type = "batch"
  parameterized {
    max_running    = -1
    allow_override = ["memory", "disk"]
  }
  sweep {
    parameter "lr" {
      from = 1
      to   = 0
    }
  }
  after {
    job    = "invalid-sweep"
    status = "started"
  }
  cache_key = "k"
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      on_failure "crash" {
        memory_factor = 0.5
        attempts      = 0
      }
    }
  }
}
