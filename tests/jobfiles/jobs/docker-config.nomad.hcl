# A driver's config is free-form: blocks become lists of objects, repeated ones longer lists.
job "docker-config" {
  group "g" {
    task "t" {
      driver = "docker"
      config {
        image      = "nginx:1.25"
        privileged = false
        cpus       = 1.5
        auth {
          username = "me"
          password = "secret"
        }
        mount {
          type   = "bind"
          source = "a"
          target = "/a"
        }
        mount {
          type   = "tmpfs"
          target = "/tmp"
          tmpfs_options {
            size = 1000000
          }
        }
        labels = {
          "com.example/x" = "y"
        }
        ulimit {
          nofile = "1024:2048"
        }
        logging {
          type = "json-file"
          config = [{
            max-size = "10m"
          }]
        }
        ports = []
      }
    }
  }
}
