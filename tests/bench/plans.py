"""How the rundowns of benches begin that play one segment to one hall."""

ONE_HALL = """
[show]
id = "short"
languages = ["en"]
name = { en = "One hall" }
zone = "Asia/Shanghai"
date = 2019-11-10
starts = 19:30:00
ends = 20:30:00
currency = "XTS"
numbers_max = 100_000

[[channels]]
id = "hall"
name = { en = "In the hall" }
delay = "0s"
"""
