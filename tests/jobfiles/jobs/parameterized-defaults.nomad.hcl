job "parameterized-defaults" {
  type = "sysbatch"
  parameterized {}
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
