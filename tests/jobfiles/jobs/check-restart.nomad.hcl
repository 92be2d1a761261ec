# A service's check_restart applies to its checks, whose own fields win.
job "check-restart" {
  group "g" {
    network {
      port "http" {}
    }
    service {
      name     = "api"
      provider = "nomad"
      port     = "http"
      check_restart {
        limit = 3
        grace = "90s"
      }
      check {
        type     = "http"
        path     = "/a"
        interval = "10s"
        timeout  = "1s"
      }
      check {
        type     = "http"
        path     = "/b"
        interval = "10s"
        timeout  = "1s"
        check_restart {
          limit           = 5
          ignore_warnings = true
        }
      }
    }
    service {
      name     = "other"
      provider = "nomad"
      port     = "http"
      check {
        type     = "tcp"
        interval = "10s"
        timeout  = "1s"
        check_restart { limit = 1 }
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
