# Map-like blocks as blocks and as arguments; only the argument takes any key.
job "meta-forms" {
  type = "batch"
  meta = {
    "model.name" = "churn"
    threshold    = 0.5
  }
  group "g" {
    meta {
      stage = "train"
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      env = {
        "X.Y"   = "dotted"
        WORKERS = 4
      }
      meta {
        dry_run = false
      }
    }
  }
}
