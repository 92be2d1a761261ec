variable "image" {
  description = "What to run"
  type        = string
}
variable "replicas" {
  type    = number
  default = 1
  validation {
    condition     = var.replicas > 0
    error_message = "At least one replica is needed."
  }
}
variable "limits" {
  type = object({ cpu = number, memory = optional(number, 128) })
  default = {
    cpu = 200
  }
}
variable "labels" {
  type    = map(string)
  default = {}
}
variables {
  legacy = "yes"
}
job "variables" {
  datacenters = ["${var.legacy}-1"]
  group "g" {
    count = var.replicas
    task "t" {
      driver = "docker"
      config {
        image  = var.image
        labels = var.labels
      }
      resources {
        cpu    = var.limits.cpu
        memory = var.limits.memory
      }
    }
  }
}
