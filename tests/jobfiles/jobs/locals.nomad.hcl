locals {
  full = "${local.prefix}-${local.stage}"
  list = [for s in ["a", "b"] : upper(s)]
}
locals {
  prefix = "churn"
  stage  = "prod"
}
job "locals" {
  type = "batch"
  group "g" {
    meta {
      name  = local.full
      list  = join(",", local.list)
      count = length(local.list)
    }
    task "t" {
      driver = "raw_exec"
      config {
        command = "/bin/echo"
        args    = local.list
      }
    }
  }
}
