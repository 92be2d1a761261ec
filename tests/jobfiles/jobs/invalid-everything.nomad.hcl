# Many mistakes, all reported at once, each at its place.
job "invalid everything" {
  type     = "system"
  priority = 101
  affinity {
    attribute = "${node.class}"
    value     = "x"
  }
  group "g" {
    count = 2
    reschedule { attempts = 1 }
    restart {
      attempts = 0
      mode     = "delay"
    }
    ephemeral_disk { size = 5 }
    update {
      min_healthy_time  = "10m"
      progress_deadline = "1m"
      auto_promote      = true
    }
    network {
      port "a" { static = 80 }
      port "b" { static = 80 }
      port "c" { static = 70000 }
      port "a" {}
    }
    service {
      name     = "-bad-"
      provider = "nomad"
      port     = "nowhere"
      check {
        type     = "http"
        interval = "10ms"
      }
    }
    task "a/b" {
      driver       = "exec"
      kill_timeout = "-1s"
      constraint { distinct_hosts = true }
      constraint {
        attribute = "${nodes.class}"
        operator  = "~"
      }
      constraint {
        attribute = "${attr.x}"
        regexp    = "("
      }
      resources {
        cpu        = 0
        memory     = 5
        memory_max = 4
      }
      artifact { destination = "../../x" }
      template {
        destination = "local/t"
        change_mode = "signal"
        perms       = "rw"
      }
      volume_mount {
        volume      = "none"
        destination = "/x"
      }
      lifecycle { hook = "before" }
    }
  }
  group "g" {
    scaling { min = 1 }
  }
}
