# Jobs that end have no deployments: their update blocks are dropped.
job "update-in-batch" {
  type = "batch"
  update { max_parallel = 3 }
  group "g" {
    update { canary = 1 }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
