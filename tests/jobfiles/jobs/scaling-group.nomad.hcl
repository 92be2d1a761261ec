job "scaling-group" {
  group "min-gives-count" {
    scaling {
      min = 2
      max = 10
      policy {
        cooldown = "1m"
        check "load" {
          source = "prometheus"
          query  = "avg(load)"
          strategy "target-value" {
            target = 70
          }
        }
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
  group "count-gives-min" {
    count = 3
    scaling {
      max     = 5
      enabled = false
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
