# A service with most of what job files use.
variables {
  image = "nginx"
}
variable "count" {
  type        = number
  default     = 2
  description = "How many"
  validation {
    condition     = var.count > 0 && var.count < 100
    error_message = "Between 1 and 99."
  }
}
variable "ports" {
  type    = list(object({ name = string, to = optional(number, 80) }))
  default = [{ name = "http" }, { name = "admin", to = 9090 }]
}
locals {
  tags = [for p in var.ports : upper("${p.name}-${format("%05d", p.to)}") if p.to != 1]
  env  = { for i, p in var.ports : p.name => i... }
}
job "web" {
  datacenters = ["dc1", "dc*"]
  meta = { "a.b" = "c", owner = local.tags[0] }
  group "g" {
    count = var.count
    network {
      dynamic "port" {
        for_each = var.ports
        iterator = p
        labels   = [p.value.name]
        content {
          to = p.value.to
        }
      }
    }
    task "t" {
      driver = "docker" // the usual one
      config {
        image = "${var.image}:1.25"
        args  = ["-p", "${NOMAD_PORT_http}", "--cpu=${ attr.cpu.arch }"]
        mount {
          type = "bind"
        }
      }
      template {
        data        = <<-EOF
          %{ for t in local.tags ~}
          tag=${t} $${HOME} {{ env "X" }}
          %{ endfor ~}
          EOF
        destination = "local/x"
      }
      resources {
        cpu    = 100 * 2 + -1
        memory = var.count > 1 ? 256 : 128
      }
      /* block
         comment */
      env { A = "b" }
    }
  }
}
