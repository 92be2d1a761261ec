job "task-attributes" {
  group "g" {
    task "main" {
      driver         = "raw_exec"
      user           = "nobody"
      kill_timeout   = "20s"
      kill_signal    = "SIGINT"
      shutdown_delay = "3s"
      leader         = true
      config {
        command = "/usr/bin/python3"
        args    = ["-m", "http.server", "${NOMAD_PORT_http}"]
      }
      env {
        PYTHONUNBUFFERED = 1
        MODEL            = "${meta.model}"
      }
      meta { role = "main" }
      resources {
        cpu        = 500
        memory     = 256
        memory_max = 512
        secrets    = 2
      }
      logs {
        max_files     = 3
        max_file_size = 5
        disabled      = true
        enabled       = false
      }
    }
  }
}
