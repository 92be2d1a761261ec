job "clean-cache" {
  type = "sysbatch"
  group "clean" {
    task "clean" {
      driver = "raw_exec"
      config { command = "/usr/local/bin/clean-cache" }
    }
  }
}
