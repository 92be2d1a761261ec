job "disconnect" {
  group "defaults" {
    disconnect { lost_after = "6h" }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
  group "all" {
    disconnect {
      stop_on_client_after = "2m"
      replace              = false
      reconcile            = "keep_original"
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
