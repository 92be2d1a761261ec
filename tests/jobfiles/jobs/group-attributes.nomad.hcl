job "group-attributes" {
  type = "batch"
  group "g" {
    count            = 3
    shutdown_delay   = "4s"
    max_run_duration = "8h"
    meta { fold = "1" }
    ephemeral_disk {
      size    = 5000
      sticky  = true
      migrate = true
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
