job "check-http" {
  group "g" {
    network {
      port "https" {}
    }
    service {
      name     = "api"
      provider = "nomad"
      port     = "https"
      check {
        type            = "http"
        protocol        = "https"
        path            = "/ready"
        method          = "POST"
        body            = "{\"ping\": true}"
        tls_skip_verify = true
        tls_server_name = "api.example.org"
        interval        = "15s"
        timeout         = "3s"
        header {
          Authorization = ["Basic abc"]
          X-Probe       = ["a", "b"]
        }
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
