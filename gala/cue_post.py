"""A cue as a console posts it: which fields each kind needs, and what is wrong, in words that say what to do.

Pure. Whether the cue may be done now is not asked here (`gala.show.refusals`).
"""

from typing import Any

from msgspec import UnsetType

from gala.protocol.crew import CuePost
from gala.show.refusals import EXTEND_MS_MAX, FACTOR_BP_MAX, FACTOR_BP_MIN, SPELL_MS_MAX
from gala.show.state import State
from gala.timing import DELAY_MS_MAX

TARGETS = {
    "standby": "target: the id of a cue",
    "skip": "target: the id of a segment",
    "void": "target: the id of a round",
    "multiply": "target: the id of a round",
    "extend": "target: the id of a round",
    "retime": "target: the id of a cue",
    "swap": "target: the id of a segment",
    "delay": "target: the id of a channel",
}
"""The kinds that say what they mean, and how."""
OF_PARTIES: dict[str, tuple[str, ...]] = {
    "commit": ("draw", "party", "commitment"),
    "reveal": ("draw", "party", "r"),
    "beacon": ("draw", "signature"),
}
"""What a party of a draw says, and may say with an auditor's pass."""
PLAIN = ("go", "hold", "resume", "kill", "ask_clap", "clap", "call")
KINDS = (*PLAIN, *TARGETS, *OF_PARTIES, "void_draw")
NUMBERS: dict[str, tuple[str, ...]] = {
    **OF_PARTIES,
    "void_draw": ("draw",),
    "multiply": ("factor_bp", "ms"),
    "extend": ("ms",),
    "retime": ("at_ms",),
    "swap": ("other",),
    "delay": ("delay_ms",),
}
"""What a kind of cue takes beside its target, outcome and reason."""
EXPECTED = ("standby", "round", "generation", "version", "caller")
CONSOLE_MAX = 40
REASON_MAX = 200
AT_MS_MAX = 4_102_444_800_000  # the year 2100: what is later was not meant, and calendars have an end


def malformed(post: CuePost) -> str:
    """What is wrong with a post whatever the show is at; empty if nothing is."""
    if not post.id or len(post.id) > 80:
        return "a cue needs an id of its own, at most 80 characters"
    if post.cue not in KINDS:
        return f"cue is one of {', '.join(KINDS)}"
    if post.cue == "go" and not isinstance(post.expect.get("standby"), str):
        return 'GO says which cue it means: "expect": {"standby": CUE}'
    if post.cue in TARGETS and not post.target:
        return f"{post.cue} needs a {TARGETS[post.cue]}"
    unknown = set(post.expect) - set(EXPECTED)
    if unknown:
        return f"expect does not know {', '.join(sorted(unknown))}"
    if not isinstance(post.expect.get("round", ""), str):
        return "expect: round is the id of a round"
    if len(post.console) > CONSOLE_MAX or not post.console.isprintable():
        return f"a console's name is at most {CONSOLE_MAX} characters that can be read"
    if len(post.reason) > REASON_MAX:
        return f"a reason has at most {REASON_MAX} characters"
    return _out_of_bounds(post)


def _out_of_bounds(post: CuePost) -> str:
    if post.cue == "multiply" and not (
        FACTOR_BP_MIN <= post.factor_bp <= FACTOR_BP_MAX and 0 < post.ms <= SPELL_MS_MAX
    ):
        return (
            f"multiply takes a factor_bp of {FACTOR_BP_MIN} to {FACTOR_BP_MAX} "
            f"(ten-thousandths) for 1 to {SPELL_MS_MAX} ms"
        )
    if post.cue == "extend" and not 0 < abs(post.ms) <= EXTEND_MS_MAX:
        return f"extend takes ms, by how much later the round locks: 1 to {EXTEND_MS_MAX}, negative: earlier"
    if post.cue == "retime" and not 0 < post.at_ms < AT_MS_MAX:
        return "retime takes at_ms, when the cue is to come: an instant in milliseconds UTC"
    if post.cue == "swap" and not post.other:
        return "swap takes two segments: the id of the one as target, of the other as other"
    if post.cue == "delay" and not (
        not isinstance(post.delay_ms, UnsetType) and 0 <= post.delay_ms <= DELAY_MS_MAX
    ):
        return f"delay takes delay_ms, how far the channel runs behind the hall: 0 to {DELAY_MS_MAX}"
    if post.cue in ("kill", "void_draw") and not post.reason.strip():
        return f"{post.cue} needs a reason, which is logged"
    missing = [name for name in OF_PARTIES.get(post.cue, ()) if not getattr(post, name)]
    if missing:
        return f"{post.cue} needs {', '.join(missing)}"
    if post.cue == "void_draw" and post.draw < 1:
        return "void_draw needs draw: its number"
    return ""


def cue_of(post: CuePost, name: str) -> dict[str, Any]:
    """The cue as it goes into the log, of a post that is not malformed.

    Unless the post says where it was pressed, that is the console of `name`, whose pass it is.
    """
    cue: dict[str, Any] = {"cue": post.cue}
    if post.cue not in OF_PARTIES:
        cue["console"] = post.console or name
    if post.cue == "go":
        cue["target"] = post.expect["standby"]
    elif post.cue in TARGETS:
        cue["target"] = post.target
    if post.outcome:
        cue["outcome"] = post.outcome
    if post.reason.strip():
        cue["reason"] = post.reason.strip()
    if post.cue == "void_draw":
        cue["cause"] = "director"
    return cue | {name: getattr(post, name) for name in NUMBERS.get(post.cue, ())}


def meets(state: State, expect: dict[str, Any]) -> bool:
    """Whether the state is what a post depends on."""
    caller = state.caller.console if state.caller is not None else ""
    for name, found in (("standby", state.standby), ("version", state.version), ("caller", caller)):
        if expect.get(name, found) != found:
            return False
    if "round" in expect:
        round_ = state.rounds.get(expect["round"])
        return round_ is not None and round_.generation == expect.get("generation", round_.generation)
    return True
