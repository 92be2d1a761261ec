job "periodic-jitter" {
  type = "sysbatch"
  periodic {
    crons            = ["0 2 * * *"]
    time_zone        = "America/New_York"
    jitter           = "10m"
    prohibit_overlap = true
  }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
