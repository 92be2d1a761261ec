locals {
  a = [abs(-1), ceil(1.5), floor(1.5), log(8, 2), max(1, 2), min(1, 2), pow(2, 3), signum(-1), parseint("ff", 16)]
  b = [chomp("a\n"), indent(2, "a\nb"), join(",", ["a"]), split(",", "a,b"), substr("abc", 1, 1), title("a b")]
  c = regex_replace("ab12", "([a-z]+)(?P<n>[0-9]+)", "$2-${1}")
  d = [concat([1], ["a"]), flatten([[1], [[2]]]), range(5), slice([1, 2, 3], 1, 2), distinct([1, 1]), compact(["", "a"])]
  e = [keys({ a = 1 }), merge({ a = 1 }, { b = 2 }), zipmap(["a"], [1]), lookup({ a = 1 }, "b", 3), values({ a = 1 })]
  f = [jsonencode({ a = [1, null] }), jsondecode("{\"a\": [1, true]}"), yamlencode({ a = "x\ny" }), yamldecode("a: [1, b]")]
  g = csvdecode("a,b\n1,\"2\"\n")
  h = [cidrhost("10.0.0.0/8", -2), cidrsubnet("10.0.0.0/8", 8, 2), cidrsubnets("10.0.0.0/8", 4, 4), cidrnetmask("10.0.0.0/8")]
  i = [formatdate("YYYY-MM-DD'T'hh:mm:ssZ", "2020-02-29T01:02:03+07:30"), timeadd("2020-02-29T01:02:03Z", "1h")]
  j = [md5("a"), sha256("a"), base64encode("a"), base64decode("YQ=="), urlencode("a b"), uuidv5("dns", "a")]
  k = [setunion([1], [2]), setproduct([1, 2], ["a"]), setintersection([1], [1]), sort(["b", "a"]), element([1, 2], 3)]
  l = try(var.x, can(1 / 0) ? 1 : convert("5", number), formatlist("%s-%#v", ["a"], [1]))
  m = local.k[*][0].a.b.*.c.0
}
