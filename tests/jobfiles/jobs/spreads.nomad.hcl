job "spreads" {
  spread { attribute = "${node.datacenter}" }
  group "g" {
    count = 10
    spread {
      attribute = "${meta.rack}"
      weight    = 80
      target "r1" { percent = 70 }
      target "r2" { percent = 30 }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
