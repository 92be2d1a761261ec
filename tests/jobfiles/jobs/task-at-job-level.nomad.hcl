# Tasks of the job itself become groups of their own, before the groups that are written.
job "task-at-job-level" {
  type = "batch"
  group "written" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      resources { memory = 5 }
    }
  }
  task "alone" {
    driver = "raw_exec"
    config { command = "/bin/true" }
    resources { memory = 6 }
  }
  task "second" {
    driver = "raw_exec"
    config { command = "/bin/true" }
  }
}
