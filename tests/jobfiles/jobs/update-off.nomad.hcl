# max_parallel = 0 updates everything at once, without a deployment.
job "update-off" {
  update { max_parallel = 0 }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
