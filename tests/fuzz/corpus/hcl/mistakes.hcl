a = [1 2
b { c = 1, d = 2 }
e = "x
f = 5m
}
g = <<E
