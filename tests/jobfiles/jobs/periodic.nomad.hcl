job "periodic" {
  type = "batch"
  periodic {
    crons            = ["*/15 * * * *", "0 30 2 * * MON-FRI 2026-2030", "@daily", "0 0 L * *"]
    prohibit_overlap = true
    time_zone        = "Europe/Zurich"
    enabled          = false
  }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
