job "parameterized" {
  type = "batch"
  parameterized {
    payload       = "required"
    meta_required = ["dataset"]
    meta_optional = ["epochs", "seed"]
  }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/python3"
        args    = ["train.py", "--data", "${NOMAD_META_dataset}"]
      }
      dispatch_payload { file = "input.json" }
    }
  }
}
