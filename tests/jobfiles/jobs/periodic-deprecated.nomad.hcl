job "periodic-deprecated" {
  type = "sysbatch"
  periodic { cron = "@hourly" }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
