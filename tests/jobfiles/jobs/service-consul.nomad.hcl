# Consul's fields parse and are shown; services live in Yurt's own registry.
job "service-consul" {
  group "g" {
    consul {
      namespace = "team"
      partition = "eu"
    }
    network {
      port "http" {}
    }
    service {
      name                = "api"
      port                = "http"
      enable_tag_override = true
      tagged_addresses    = { "lan" = "10.0.0.1" }
      cluster             = "main"
      kind                = "http"
      weights {
        passing = 3
      }
      identity {
        aud = ["consul.io"]
        ttl = "1h"
      }
      check {
        type                     = "tcp"
        interval                 = "10s"
        timeout                  = "1s"
        success_before_passing   = 3
        failures_before_critical = 2
        failures_before_warning  = 1
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      consul {}
      kind = "connect-native:api"
    }
  }
}
