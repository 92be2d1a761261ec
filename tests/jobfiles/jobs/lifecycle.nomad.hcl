job "lifecycle" {
  type = "batch"
  group "g" {
    task "fetch" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      lifecycle { hook = "prestart" }
    }
    task "proxy" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }
    }
    task "train" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
    task "announce" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      lifecycle { hook = "poststart" }
    }
    task "upload" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      lifecycle { hook = "poststop" }
    }
  }
}
