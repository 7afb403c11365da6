"""Why a cue is refused: the closed list that the wire and the console share."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a cue is refused. Shared with the console, which says it in words."""

    BAD_CUE = "bad_cue"  # no such kind of cue, or a field is missing
    UNKNOWN_CUE = "unknown_cue"  # the rundown has no cue of that id
    UNKNOWN_SEGMENT = "unknown_segment"
    UNKNOWN_ROUND = "unknown_round"
    NOT_STANDBY = "not_standby"  # GO is for the cue on standby
    ALREADY_BEGUN = "already_begun"
    NOT_BEGUN = "not_begun"
    SKIPPED = "skipped"  # the segment was skipped
    NOT_ON_AIR = "not_on_air"  # its segment is not on air
    ROUND_OPEN = "round_open"  # another round is still open
    NO_OPEN_ROUND = "no_open_round"
    NOT_LOCKED = "not_locked"  # not every gate is shut yet
    NOT_SETTLED = "not_settled"  # the stage's outcome is not in yet
    NOT_SEALED = "not_sealed"  # a round that gives tickets is not sealed yet
    NOT_DRAWN = "not_drawn"  # the beacon or the notary is not there yet
    BAD_OUTCOME = "bad_outcome"
    ALREADY_DONE = "already_done"
    REASON_NEEDED = "reason_needed"
    HELD = "held"
    NOT_HELD = "not_held"
    NO_MULTIPLIER = "no_multiplier"  # this game's points cannot be multiplied
    UNKNOWN_CHANNEL = "unknown_channel"
    RED_WINDOW = "red_window"  # a channel could not play at all: GO needs a reason, which is logged
    NOT_TIMED = "not_timed"  # only a person will do it: there is no instant to move
    TOO_SOON = "too_soon"  # the instant has passed already
    ABSOLUTE = "absolute"  # tied to the clock on the wall: moving it needs a reason, which is logged
    STARTED = "started"  # what has begun stays where it is
    DRAW_FIRST = "draw_first"  # a draw would come before a round it draws from
    NO_END = "no_end"  # the segment that would be the last has no cue `end`
    KILLED = "killed"  # every screen is quiet: resume first
    UNKNOWN_DRAW = "unknown_draw"
    UNKNOWN_PARTY = "unknown_party"  # not one of the rundown's parties
    NOT_COMMITTED = "not_committed"  # a party of the draw has not committed to its secret
    NOT_FROZEN = "not_frozen"  # the roster is not fixed yet
    BAD_REVEAL = "bad_reveal"  # the secret does not fit the commitment
    NOT_ASKED = "not_asked"  # nobody was told to watch for the clap
    NOT_CALLER = "not_caller"  # another console has the call
