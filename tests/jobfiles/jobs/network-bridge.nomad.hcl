job "network-bridge" {
  group "g" {
    network {
      mode = "bridge"
      port "http" { to = 8080 }
      cni {
        args = {
          "key" = "value"
        }
      }
    }
    task "t" {
      driver = "docker"
      config {
        image = "registry.example.org/predictor:1.2"
        ports = ["http"]
      }
    }
  }
}
