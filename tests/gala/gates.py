"""An evening of three short rounds, one of each class that can be played, on three channels."""

from gala.rundown.file import read

TEXT = """
[show]
id = "gates"
name = { en = "Gates" }
languages = ["en"]
zone = "Asia/Shanghai"
date = 2019-11-10
starts = 19:30:00
ends = 19:38:00
currency = "XTS"
numbers_max = 100_000

[[channels]]
id = "hall"
name = { en = "Hall" }
delay = "0s"
[[channels]]
id = "aerial"
name = { en = "Aerial" }
delay = "3s"
[[channels]]
id = "app"
name = { en = "App" }
delay = "8s"

[[segments]]
id = "predict"
title = { en = "Predict" }
card = { en = "Two teams" }
question = { en = "Who?" }
plan = 19:30:00
[segments.poll]
kind = "predict"
revise = true
tickets = 1
[[segments.poll.choices]]
id = "comets"
label = { en = "Comets" }
[[segments.poll.choices]]
id = "harbour"
label = { en = "Harbour" }
[segments.cues]
start = "go"
open = "after 1s"
lock = "after 12s"
settle = "go"
reveal = "go"

[[segments]]
id = "influence"
title = { en = "Influence" }
card = { en = "Two stars" }
question = { en = "Who?" }
plan = 19:32:00
[segments.boost]
cap = 200
threshold = 30
tickets = 1
[[segments.boost.choices]]
id = "mei"
label = { en = "Mei" }
[[segments.boost.choices]]
id = "ana"
label = { en = "Ana" }
[segments.cues]
start = "go"
open = "after 1s"
cut = "after 9s"
lock = "after 4s"
reveal = "go"

[[segments]]
id = "appear"
title = { en = "Appear" }
card = { en = "Moles" }
question = { en = "Hit them" }
plan = 19:34:00
[segments.whack]
waves = 8
wave_ms = 1000
moles = 2
up_ms = 700
threshold = 4
tickets = 1
[segments.cues]
start = "go"
open = "after 1s"
lock = "after 9s"
reveal = "go"

[[segments]]
id = "lots"
title = { en = "Lots" }
card = { en = "The draw" }
plan = 19:36:00
[segments.draw]
number = 1
from = ["predict", "influence", "appear"]
valid_from = 2019-11-11T00:00:00
valid_until = 2019-11-12T00:00:00
cap = 1
[[segments.draw.prizes]]
count = 40
face_minor = 10_00
title = { en = "A prize" }
[segments.cues]
start = "go"
freeze = "after 1s"
announce = "go"
end = "go"
"""
READ = read(TEXT.encode())
assert READ.rundown is not None, READ.faults
GATES = READ.rundown
