# Trains the Iris classifier once: data and trainer in as artifacts, model and metrics out.

variable "source" {
  description = "Folder that holds iris.csv and train.py"
  type        = string
}

variable "output" {
  description = "Folder that receives model.json and metrics.json"
  type        = string
}

variable "epochs" {
  type    = number
  default = 200

  validation {
    condition     = var.epochs > 0
    error_message = "At least one epoch is needed."
  }
}

job "iris-train" {
  type = "batch"

  group "train" {
    task "train" {
      driver = "raw_exec"

      artifact {
        source = "file://${var.source}/iris.csv"
      }

      artifact {
        source = "file://${var.source}/train.py"
      }

      config {
        command = "python3"
        args    = ["local/train.py", "local/iris.csv", var.output, "${var.epochs}"]
      }

      resources {
        cpu    = 200
        memory = 128
      }
    }
  }
}
