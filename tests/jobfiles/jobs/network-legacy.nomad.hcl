# Networks inside resources, as older files have them.
job "network-legacy" {
  group "g" {
    network {
      mbits  = 10
      device = "eth0"
      cidr   = "10.0.0.0/8"
      ip     = "10.1.2.3"
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      resources {
        network {
          mbits = 20
          port "db" {}
          port "web" { static = 8080 }
        }
        iops = 100
      }
    }
  }
}
