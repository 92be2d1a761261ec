# Serves the trained model from three instances, each on a port of its own choosing.

variable "source" {
  description = "Folder that holds predict.py and train.py"
  type        = string
}

variable "model" {
  description = "The model.json to serve"
  type        = string
}

job "iris-serve" {
  type = "service"

  group "predict" {
    count = 3

    network {
      port "http" {}
    }

    restart {
      attempts = 5
      interval = "5m"
      delay    = "1s"
      mode     = "fail"
    }

    update {
      min_healthy_time = "1s"
      health_check     = "task_states"
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
