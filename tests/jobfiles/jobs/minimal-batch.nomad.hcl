job "hello" {
  type = "batch"
  group "main" {
    task "echo" {
      driver = "raw_exec"
      config {
        command = "/bin/echo"
        args    = ["hello"]
      }
    }
  }
}
