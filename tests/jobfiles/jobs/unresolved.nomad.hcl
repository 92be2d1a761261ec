# References the file does not know stay as they are, for the agent to fill in.
job "unresolved" {
  type = "batch"
  group "g" {
    task "t" {
      driver = "raw_exec"
      config {
        command = "${NOMAD_TASK_DIR}/run.sh"
        args = [
          "--index=${NOMAD_ALLOC_INDEX}",
          attr.unique.hostname,
          "${env["HOME"]}",
          "$${literal}",
          "%%{literal}",
          "{{ .go }}",
        ]
      }
      env {
        NODE = node.unique.name
      }
    }
  }
}
