# Durations as text and as nanoseconds.
job "durations" {
  group "g" {
    shutdown_delay = 5000000000
    restart {
      interval = "1h30m0.5s"
      delay    = "250ms"
    }
    task "t" {
      driver       = "raw_exec"
      kill_timeout = "1m"
      config { command = "/bin/true" }
    }
  }
}
