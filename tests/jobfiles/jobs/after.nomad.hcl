job "after" {
  type      = "batch"
  cache_key = "features-v3"
  outputs   = ["/srv/model.bin", "/srv/report.html"]
  after {
    job = "features"
  }
  after {
    job    = "cleanup"
    status = "dead"
  }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      on_failure "oom" {
        memory_factor = 1.5
        attempts      = 2
      }
    }
  }
}
