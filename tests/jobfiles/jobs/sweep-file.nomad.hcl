job "sweep-file" {
  type = "batch"
  parameterized {
    meta_required = ["lr", "depth"]
  }
  sweep {
    file = "sweep-file.csv"
  }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
