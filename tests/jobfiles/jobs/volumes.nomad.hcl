job "volumes" {
  group "g" {
    count = 2
    volume "models" {
      type      = "host"
      source    = "models"
      read_only = true
    }
    volume "scratch" {
      type            = "host"
      source          = "scratch"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
      per_alloc       = true
      mount_options {
        fs_type     = "ext4"
        mount_flags = ["noatime"]
      }
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      volume_mount {
        volume      = "models"
        destination = "/models"
      }
      volume_mount {
        volume           = "scratch"
        destination      = "${NOMAD_TASK_DIR}/scratch"
        read_only        = true
        propagation_mode = "host-to-task"
        selinux_label    = "z"
      }
    }
  }
}
