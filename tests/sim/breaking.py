"""Each safeguard of the service, broken: the simulation has to find that it is.

A broken safeguard is a line of the service with another in its place. Whoever changes such a line finds this
file by the test that says the line is not there.
"""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from gala import embargo
from gala.edge.numbers import Numbers
from gala.edge.table import Table
from gala.follower import Follower
from games import game
from rewards.money.cashier import Cashier

Break = Callable[[pytest.MonkeyPatch], None]


def _line(function: Any, line: str, instead: str) -> Break:
    """A line of a function."""

    def broken(patch: pytest.MonkeyPatch) -> None:
        source = textwrap.dedent(inspect.getsource(function))
        assert line in source, f"{function.__qualname__} has no line `{line}`"
        made: dict[str, Any] = {}
        text = f"from __future__ import annotations\n{source.replace(line, instead)}"
        exec(compile(text, "<broken>", "exec"), function.__globals__, made)
        patch.setattr(function, "__code__", made[function.__name__].__code__)

    return broken


def _script(where: str, line: str, instead: str) -> Break:
    """A line of a script that a module holds as its text."""

    def broken(patch: pytest.MonkeyPatch) -> None:
        module, _, name = where.rpartition(".")
        text = getattr(__import__(module, fromlist=[name]), name)
        assert line in text, f"{where} has no line `{line}`"
        patch.setattr(where, text.replace(line, instead))

    return broken


class Broken(NamedTuple):
    """A safeguard that is broken. seed: of an evening that has been seen to show it: the search begins there.
    money: it takes an evening with draws."""

    lines: tuple[Break, ...]
    seed: int = 0
    money: bool = False


BROKEN = {
    "seq": Broken(
        (
            _line(game.play, 'if seq <= values["seq"]:', 'if seq == values["seq"]:'),
            _line(Table.judge_all, "(before[0] << 8 | before[1]) < seq <=", "0 < seq <="),
        )
    ),
    "gate": Broken((_script("voting.box._APPLY", "elseif gate[2] ~= 'open' then", "elseif false then"),)),
    "digest": Broken(
        (
            _script(
                "gala.store.log._APPEND", "if version ~= ARGV[1] or digest ~= ARGV[2] then", "if false then"
            ),
        )
    ),
    "idempotent ids of cues": Broken(
        (
            _script("gala.store.log._APPEND", "if known then", "if false then"),
            _line(Follower.call, "(known := self._by_id.get(id)) is not None", "(known := None) is not None"),
        ),
        seed=1,
    ),
    "idempotency keys of tills": Broken(
        (_line(Cashier._at_till, "if first is not None:", "if False:"),), seed=4, money=True
    ),
    "compare-and-set of slots": Broken(
        (_script("voting.box._APPLY", "if slot == plays[i + 1] then", "if true then"),)
    ),
    "embargo": Broken((_line(embargo.in_sight, "at_ms + delay_ms <= now_ms", "at_ms <= now_ms"),)),
    "numbers given once": Broken((_line(Numbers.next, "range(end - BLOCK, ", "range(0, "),), seed=1),
}
