variable "shards" {
  default = ["a", "b"]
}
job "dynamic" {
  type = "batch"
  dynamic "group" {
    for_each = var.shards
    labels   = ["shard-${group.value}"]
    content {
      count = group.key + 1
      dynamic "task" {
        for_each = { one = 1, two = 2 }
        iterator = it
        labels   = [it.key]
        content {
          driver = "raw_exec"
          config {
            command = "/bin/echo"
            args    = [group.value, it.value]
          }
        }
      }
    }
  }
}
