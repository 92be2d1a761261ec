# Parses, is copied down to the tasks that have none, and is refused.
job "vault" {
  vault {
    role     = "reader"
    policies = ["read"]
  }
  group "g" {
    task "inherits" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
    task "own" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      vault {
        namespace              = "team"
        cluster                = "main"
        env                    = false
        disable_file           = true
        change_mode            = "signal"
        change_signal          = "SIGUSR1"
        allow_token_expiration = true
      }
    }
  }
}
