"""A short evening of two rounds in which viewers choose: a boost that is cut, and a ballot of 64 songs."""

from gala.rundown.file import read

MANY = 64
TEXT = """
[show]
id = "stars"
name = { en = "Stars" }
languages = ["en"]
zone = "Asia/Shanghai"
date = 2019-11-10
starts = 19:30:00
ends = 20:30:00
currency = "XTS"
numbers_max = 1000

[[channels]]
id = "hall"
name = { en = "Hall" }
delay = "0s"
[[channels]]
id = "cable"
name = { en = "Cable" }
delay = "20s"

[[segments]]
id = "beam"
title = { en = "Beam" }
card = { en = "Three stars" }
question = { en = "Who?" }
plan = 19:30:00
[segments.boost]
cap = 200
threshold = 30
tickets = 1
[[segments.boost.choices]]
id = "mei"
label = { en = "Mei" }
shape = "disc"
[[segments.boost.choices]]
id = "ana"
label = { en = "Ana" }
shape = "diamond"
[segments.cues]
start = "go"
open = "go"
cut = "after 60s; the stage takes no more"
lock = "after 15s"
reveal = "go"

[[segments]]
id = "songs"
title = { en = "Songs" }
card = { en = "Sixty-four songs" }
question = { en = "Which?" }
plan = 19:40:00
[segments.poll]
kind = "opinion"
allowance = 3
revise = true
tickets = 1
CHOICES
[segments.cues]
start = "go"
open = "go"
lock = "go"
reveal = "go"
end = "go"
""".replace(
    "CHOICES",
    "\n".join(
        f'[[segments.poll.choices]]\nid = "song-{place}"\nlabel = {{ en = "Song {place}" }}'
        for place in range(MANY)
    ),
)
READ = read(TEXT.encode())
assert READ.rundown is not None, READ.faults
STARS = READ.rundown
