job "artifacts" {
  type = "batch"
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      artifact {
        source = "https://example.org/iris.tar.gz"
      }
      artifact {
        source = "https://example.org/models/churn.bin?token=1"
        mode   = "file"
      }
      artifact {
        source      = "git::https://example.org/repo.git"
        destination = "local/repo"
        mode        = "dir"
        insecure    = true
        chown       = true
        options {
          ref   = "main"
          depth = 1
        }
        headers {
          Authorization = "Bearer x"
        }
      }
      artifact {
        source = "https://example.org/a.csv"
        options = {
          checksum = "md5:d41d8cd98f00b204e9800998ecf8427e"
        }
      }
    }
  }
}
