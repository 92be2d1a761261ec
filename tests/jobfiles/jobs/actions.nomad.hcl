job "actions" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      action "reload-model" {
        command = "/usr/bin/curl"
        args    = ["-X", "POST", "localhost:8080/reload"]
      }
      action "version" {
        command = "/bin/version"
      }
    }
  }
}
