# A task's restart block merges over its group's.
job "restart-merging" {
  group "g" {
    restart {
      attempts = 5
      delay    = "1s"
    }
    task "as-the-group" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
    task "own" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      restart {
        interval         = "10m"
        mode             = "delay"
        render_templates = true
      }
    }
  }
}
