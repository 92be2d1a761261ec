# Every operator, written out and as a shorthand.
job "constraints" {
  constraint {
    attribute = "${attr.kernel.name}"
    value     = "linux"
  }
  constraint {
    attribute = "${attr.cpu.arch}"
    operator  = "!="
    value     = "arm"
  }
  constraint {
    attribute = "${attr.yurt.version}"
    version   = ">= 0.1, < 1.0"
  }
  constraint {
    attribute = "${attr.driver.docker.version}"
    semver    = ">= 20.10.0"
  }
  constraint {
    attribute = "${attr.cpu.modelname}"
    regexp    = "(?i)xeon|epyc"
  }
  constraint {
    distinct_hosts = true
  }
  group "g" {
    constraint {
      attribute    = "${meta.features}"
      set_contains = "avx2,avx512"
    }
    constraint {
      attribute        = "${meta.zones}"
      set_contains_any = "a,b"
    }
    constraint {
      attribute        = "${meta.zones}"
      set_contains_all = "a,b"
    }
    constraint {
      distinct_property = "${meta.rack}"
      value             = "2"
    }
    constraint {
      attribute = "${meta.ssd}"
      is_set    = true
    }
    constraint {
      attribute = "${meta.retired}"
      operator  = "is_not_set"
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      constraint {
        attribute = "${node.class}"
        operator  = "=="
        value     = "gpu"
      }
      constraint {
        attribute = "${attr.memory.totalbytes}"
        operator  = ">="
        value     = "1000000000"
      }
    }
  }
}
