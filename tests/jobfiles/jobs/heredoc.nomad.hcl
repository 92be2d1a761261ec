job "heredoc" {
  type = "batch"
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      template {
        destination = "local/loop.txt"
        data        = <<EOT
%{ for name in ["a", "b"] ~}
item ${name}
%{ endfor ~}
%{ if true }yes%{ else }no%{ endif }
EOT
      }
    }
  }
}
