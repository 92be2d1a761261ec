job "functions" {
  type = "batch"
  meta {
    upper  = upper("abc")
    sum    = 1 + 2 * 3
    ratio  = 10 / 4
    max    = max(1, 5, 3)
    format = format("%s-%03d", "x", 7)
    json   = jsonencode({ b = 1, a = [true, null] })
    base64 = base64encode("hi")
    sha    = sha256("")
    lookup = lookup({ a = "1" }, "z", "none")
    try    = try(1 / 0, "fallback")
    file   = trimspace(file("functions.txt"))
    cond   = 2 > 1 ? "yes" : "no"
    splat  = join("+", [{ n = "a" }, { n = "b" }][*].n)
  }
  group "g" {
    task "t" {
      driver = "raw_exec"
      config { command = "/bin/true" }
    }
  }
}
