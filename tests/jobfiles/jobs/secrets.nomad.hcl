# A job's, a group's and a task's own secrets all end up in the task.
job "secrets" {
  secret "a" {
    provider = "nomad"
    path     = "models/churn"
  }
  group "g" {
    secret "b" {
      provider = "vault"
      path     = "kv/data/b"
      config { engine = "kv_v2" }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      secret "c" {
        provider = "custom"
        path     = "/c"
        env { TOKEN = "x" }
      }
    }
  }
}
