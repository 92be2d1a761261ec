job "predictor" {
  group "serve" {
    task "server" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/python3"
        args    = ["serve.py"]
      }
    }
  }
}
