job "migrate" {
  migrate {
    max_parallel = 2
    health_check = "task_states"
  }
  group "inherits" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
  group "overrides" {
    migrate {
      max_parallel     = 1
      min_healthy_time = "3s"
      healthy_deadline = "1m"
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
