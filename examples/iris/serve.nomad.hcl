# Serves the trained model from three instances, each on a port of its own choosing. A new model is
# released as one canary beside them; a model that does not work goes back by itself.

variable "source" {
  description = "Folder that holds predict.py and train.py"
  type        = string
}

variable "model" {
  description = "The model.json to serve"
  type        = string
}

variable "release" {
  description = "What this release is called; answers name it"
  type        = string
  default     = "first"
}

job "iris-serve" {
  type = "service"

  group "predict" {
    count = 3

    network {
      port "http" {}
    }

    # Found under this name: GET /v1/service/iris, or `yurt service info iris`.
    service {
      name        = "iris"
      port        = "http"
      provider    = "nomad"
      tags        = ["stable"]
      canary_tags = ["canary"]

      check {
        type     = "http"
        path     = "/health"
        interval = "1s"
        timeout  = "2s"
      }
    }

    # No longer found for a second before it is stopped: nobody asks an instance that is leaving.
    shutdown_delay = "1s"

    restart {
      attempts = 5
      interval = "5m"
      delay    = "1s"
      mode     = "fail"
    }

    update {
      max_parallel      = 1
      canary            = 1
      health_check      = "checks"
      min_healthy_time  = "1s"
      healthy_deadline  = "10s"
      progress_deadline = "30s"
      auto_revert       = true
    }

    task "predict" {
      driver = "raw_exec"

      artifact {
        source = "file://${var.source}/predict.py"
      }

      artifact {
        source = "file://${var.source}/train.py"
      }

      artifact {
        source = "file://${var.model}"
      }

      env {
        RELEASE = var.release
      }

      config {
        command = "python3"
        args    = ["local/predict.py", "local/model.json", "${NOMAD_PORT_http}"]
      }

      resources {
        cpu    = 100
        memory = 64
      }
    }
  }
}
