job "reschedule-batch" {
  type = "batch"
  group "twice" {
    reschedule { attempts = 2 }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
