# Every plain attribute of a job, with the label's ID and name overridden.
job "label" {
  id          = "train-churn"
  name        = "Train the churn model"
  region      = "eu"
  namespace   = "research"
  type        = "batch"
  priority    = 70
  all_at_once = true
  datacenters = ["zrh-*", "gva-1"]
  node_pool   = "gpu"

  meta {
    team  = "risk"
    owner = "ada"
    run   = 7
    fast  = true
  }

  ui {
    description = "Nightly training"
    link {
      label = "Runbook"
      url   = "https://example.org/runbook"
    }
    link {
      label = "Dashboard"
      url   = "https://example.org/dashboard"
    }
  }

  group "train" {
    task "train" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
