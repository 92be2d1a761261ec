# Accepted, shown, without effect.
job "group-deprecated" {
  group "g" {
    stop_after_client_disconnect = "1m"
    max_client_disconnect        = "2m"
    prevent_reschedule_on_lost   = true
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
