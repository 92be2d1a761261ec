job "templates" {
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      template {
        data        = <<-EOT
          model = {{ env "MODEL" }}
          alloc = ${NOMAD_ALLOC_ID}
        EOT
        destination = "local/app.conf"
      }
      template {
        source               = "local/template.tpl"
        destination          = "secrets/env"
        env                  = true
        change_mode          = "signal"
        change_signal        = "sighup"
        once                 = true
        splay                = "0s"
        perms                = "600"
        uid                  = 1000
        gid                  = 1001
        left_delimiter       = "[["
        right_delimiter      = "]]"
        error_on_missing_key = true
        vault_grace          = "1s"
        wait {
          min = "2s"
          max = "10s"
        }
      }
      template {
        data        = "x"
        destination = "local/x"
        change_mode = "script"
        change_script {
          command = "/bin/reload"
        }
      }
      template {
        data        = "y"
        destination = "local/y"
        change_mode = "script"
        change_script {
          command             = "/bin/reload"
          args                = ["-f"]
          timeout             = "1m"
          fail_on_error       = true
          run_on_first_render = true
        }
      }
      template {
        data        = "z"
        destination = "local/z"
        change_mode = "noop"
      }
    }
  }
}
