job "services" {
  group "g" {
    network {
      port "http" {}
      port "admin" {}
    }
    service {
      provider = "nomad"
      port     = "http"
      tags     = ["v1", "traefik.enable=true"]
      meta { model = "churn" }
      check {
        type     = "http"
        path     = "/health"
        interval = "10s"
        timeout  = "2s"
      }
    }
    service {
      name                = "${JOB}-${TASKGROUP}-admin"
      provider            = "nomad"
      port                = "admin"
      task                = "t"
      address             = "admin.example.org"
      canary_tags         = ["canary"]
      canary_meta         = { "stage" = "canary" }
      on_update           = "ignore_warnings"
      check {
        name            = "alive"
        type            = "tcp"
        port            = "http"
        interval        = "1m"
        timeout         = "5s"
        initial_status  = "passing"
        notes           = "checks the other port"
        address_mode    = "host"
        on_update       = "ignore"
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      service {
        provider     = "nomad"
        port         = "http"
        address_mode = "host"
      }
      service {
        name     = "${BASE}-two"
        provider = "nomad"
        port     = "admin"
      }
    }
  }
}
