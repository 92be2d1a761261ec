job "resources-cores" {
  type = "batch"
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      resources {
        cores      = 4
        memory     = 2048
        memory_max = -1
        numa { affinity = "none" }
      }
    }
  }
}
