job "affinities" {
  affinity {
    attribute = "${node.datacenter}"
    value     = "zrh-1"
  }
  affinity {
    attribute = "${attr.kernel.version}"
    version   = ">= 6"
    weight    = -100
  }
  group "g" {
    affinity {
      attribute        = "${meta.tags}"
      set_contains_any = "fast,new"
      weight           = 100
    }
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
      affinity {
        attribute = "${node.unique.name}"
        regexp    = "^gpu-"
        weight    = 10
      }
    }
  }
}
