job "sweep" {
  type = "batch"
  parameterized {
    payload        = "forbidden"
    meta_required  = ["lr"]
    meta_optional  = ["depth", "optimizer"]
    max_running    = 20
    allow_override = ["cpu", "memory", "device", "count", "constraint"]
  }
  sweep {
    method       = "random"
    count        = 100
    seed         = 42
    stop_when    = "accuracy >= 0.97"
    max_failures = 5
    parameter "lr" {
      from  = 0.0001
      to    = 0.1
      scale = "log"
    }
    parameter "depth" {
      from    = 2
      to      = 6
      integer = true
    }
    parameter "optimizer" {
      values = ["adam", "sgd"]
    }
  }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/python3"
        args    = ["train.py", "--lr", "${NOMAD_META_lr}"]
      }
    }
  }
}
