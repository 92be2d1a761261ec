job "invalid-batch" {
  type        = "batch"
  datacenters = [""]
  periodic {
    crons     = ["61 * * * *", "* * *"]
    time_zone = "not a zone"
  }
  parameterized {
    payload       = "maybe"
    meta_required = ["a"]
    meta_optional = ["a"]
  }
  group "g" {
    migrate { max_parallel = 1 }
    max_run_duration = "0s"
    disconnect {
      lost_after           = "1m"
      stop_on_client_after = "1m"
      reconcile            = "best"
    }
    spread {
      attribute = "${node.datacenter}"
      weight    = 0
      target "a" { percent = 60 }
      target "a" { percent = 60 }
    }
    affinity {
      attribute = "${attr.x}"
      value     = "1"
      weight    = 0
    }
    task "one" {
      driver = "raw_exec"
      leader = true
      config { command = "/bin/true" }
      resources {
        cpu   = 100
        cores = 2
      }
    }
    task "one" {
      driver = "rawexec"
      leader = true
    }
  }
}
