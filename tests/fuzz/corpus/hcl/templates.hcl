a = "%{ if true ~} x %{ else } y %{~ endif } $${z} %%{q} \u00e9\U0001F600"
b = <<X
 ${ y }
	X
c = [
1,
]
