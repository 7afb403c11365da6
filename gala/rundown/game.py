"""The game of a segment as a rundown states it: a table named by the game, checked by the game itself."""

import re
from typing import Any

import msgspec

from gala.rundown import Game
from gala.rundown.lines import Where
from gala.rundown.pictures import Pictures
from gala.rundown.table import Notes, Table, check_text
from games import GAMES

_PATH = re.compile(r" - at `\$(.*)`$")
_UNKNOWN = re.compile(r"unknown field `(.+?)`")


def read_game(segment: Table, pictures: Pictures) -> Game | None:
    """The game in a segment's table, from which everything else was taken before; the rest is unknown."""
    found: str | None = None
    game: Game | None = None
    for name, said in segment.raw.items():
        if name in segment.asked:
            continue
        if name not in GAMES:
            # A table that nobody knows was meant to be a game, most likely.
            first, then = (GAMES, segment.asked) if isinstance(said, dict) else (segment.asked, GAMES)
            what = "game" if isinstance(said, dict) else "key"
            segment.notes.unknown((*segment.where, name), name, [*first, *then], what)
        elif found is not None:
            segment.note(name, f"has {found} and {name}: a segment has one game")
        else:
            found, game = name, _read(segment.notes, (*segment.where, name), said, pictures)
    return game


def _read(notes: Notes, where: Where, said: Any, pictures: Pictures) -> Game | None:
    name = str(where[-1])
    game = GAMES[name]
    _check_texts(notes, where, said)
    try:
        settings = game.read_settings(said)
    except msgspec.ValidationError as error:
        path, unknown = _PATH.search(str(error)), _UNKNOWN.search(str(error))
        inner = (*(_steps(path[1]) if path else ()), *([unknown[1]] if unknown else []))
        notes.note((*where, *inner), f"{name}: {error}")
        return None
    _take_pictures(notes, where, settings, pictures)
    return Game(
        name=name,
        settings=settings,
        timing=game.timing(settings).value,
        multiplies=game.multiplies,
        outcomes=tuple(choice for choice in _choices(settings) if _settles(name, settings, choice)),
    )


def _take_pictures(notes: Notes, where: Where, settings: msgspec.Struct, pictures: Pictures) -> None:
    """Reads what the choices show."""
    for n, choice in enumerate(getattr(settings, "choices", ())):
        if choice.picture is not None:
            try:
                pictures.take(choice.picture)
            except ValueError as error:
                notes.note((*where, "choices", n, "picture"), f"`picture`: {error}")


def _check_texts(notes: Notes, where: Where, said: Any) -> None:
    """Checks every text in a game's settings: a table of words with at least one of our languages."""
    if isinstance(said, list):
        for n, one in enumerate(said):
            _check_texts(notes, (*where, n), one)
    elif isinstance(said, dict):
        words = all(isinstance(value, str) for value in said.values())
        if words and any(key in notes.languages for key in said):
            check_text(notes, where, said)
        else:
            for key, value in said.items():
                _check_texts(notes, (*where, key), value)


def _steps(path: str) -> Where:
    """``.choices[0].label`` as a path."""
    return tuple(int(index) if index else key for key, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path))


def _choices(settings: msgspec.Struct) -> list[str]:
    return [choice.id for choice in getattr(settings, "choices", ())]


def _settles(name: str, settings: msgspec.Struct, choice: str) -> bool:
    try:
        GAMES[name].settle(settings, choice)
    except ValueError:
        return False
    return True
