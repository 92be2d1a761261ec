# Trains the Iris classifier with parameters given by each dispatch, four trials at a time:
#
#   yurt job run -var source=$PWD -var output=/tmp/trials sweep.nomad.hcl
#   yurt job dispatch -once -wait -sweep rate=0.01,0.05,0.1,0.5 -sweep epochs=5,20,80 iris-sweep

variable "source" {
  description = "Folder that holds iris.csv and train.py"
  type        = string
}

variable "output" {
  description = "Folder that receives a folder for each trial"
  type        = string
}

job "iris-sweep" {
  type = "batch"

  parameterized {
    meta_required = ["rate", "epochs"]
    max_running   = 4
  }

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
        args = [
          "local/train.py", "local/iris.csv",
          "${var.output}/rate-${NOMAD_META_rate}-epochs-${NOMAD_META_epochs}",
          "${NOMAD_META_epochs}", "${NOMAD_META_rate}",
        ]
      }

      resources {
        cpu    = 100
        memory = 64
      }
    }
  }
}
