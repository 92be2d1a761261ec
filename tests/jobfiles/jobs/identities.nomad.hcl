job "identities" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      identity {
        env  = true
        file = true
      }
      identity {
        name          = "aws"
        aud           = ["sts.amazonaws.com"]
        file          = true
        filepath      = "local/token"
        ttl           = "1h"
        service_name  = "s"
        change_mode   = "signal"
        change_signal = "SIGHUP"
        extra_claims  = ["a"]
      }
    }
  }
}
