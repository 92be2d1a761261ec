job "scaling-task" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      scaling "cpu" {
        min = 100
        max = 1000
        policy {}
      }
      scaling "mem" {
        enabled = false
        max     = 4096
      }
    }
  }
}
