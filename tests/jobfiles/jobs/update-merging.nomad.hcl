# The group's update block wins over the job's, field by field, and that over the defaults.
job "update-merging" {
  update {
    max_parallel     = 2
    min_healthy_time = "5s"
    auto_revert      = true
  }
  group "plain" {
    count = 4
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
  group "canary" {
    count = 4
    update {
      max_parallel      = 1
      canary            = 1
      auto_promote      = true
      health_check      = "task_states"
      healthy_deadline  = "2m"
      progress_deadline = "0s"
      stagger           = "30s"
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
