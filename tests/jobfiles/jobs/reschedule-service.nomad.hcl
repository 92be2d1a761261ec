job "reschedule-service" {
  reschedule {
    delay     = "10s"
    max_delay = "10m"
  }
  group "unlimited" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
  group "limited" {
    reschedule {
      attempts       = 3
      interval       = "1h"
      delay_function = "fibonacci"
      unlimited      = false
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
  group "never" {
    reschedule {
      attempts  = 0
      unlimited = false
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
