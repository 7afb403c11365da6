"""Where in a TOML file something stands: tomllib says what a file means, not on which line.

Only as much TOML as that needs: table headers, keys, and what spans lines (multi-line strings, arrays). The
file has been through tomllib before, so its syntax is right.
"""

import re
import tomllib

Where = tuple[str | int, ...]
"""Keys and list indexes from the top, such as ``("segments", 2, "cues", "lock")``."""

_HEADER = re.compile(r"\s*(\[\[|\[)(.+?)\]{1,2}\s*(#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$""", re.DOTALL
)
_TOKEN = re.compile(r"""\"{3}|'{3}|"(?:\\.|[^"\\])*"|'[^']*'|\#.*|[\[\]{}]""")


class Lines:
    """The line (from 1) of every table and key that begins one."""

    def __init__(self, source: str) -> None:
        self._at: dict[Where, int] = {}
        self._lists: dict[Where, int] = {}
        table: Where = ()
        lines = source.splitlines()
        n = 0
        while n < len(lines):
            line = lines[n]
            if header := _HEADER.match(line):
                table = self._table(_keys(header[2]), listed=header[1] == "[[")
                for length in range(1, len(table) + 1):
                    self._at.setdefault(table[:length], n + 1)
            elif key := _KEY.match(line):
                path = table
                for name in _keys(key[1]):
                    path = (*path, name)
                    self._at.setdefault(path, n + 1)
                n = _last_line_of_value(lines, n, key[2])
            n += 1

    def of(self, path: Where) -> int:
        """The line of `path`, or of the nearest thing around it that begins a line; 1 if there is none."""
        while path and path not in self._at:
            path = path[:-1]
        return self._at.get(path, 1)

    def _table(self, names: list[str], *, listed: bool) -> Where:
        """The path a header opens: each list on the way means its newest table."""
        path: Where = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if listed and position == len(names) - 1:
                self._lists[path] = self._lists.get(path, -1) + 1
            if path in self._lists:
                path = (*path, self._lists[path])
        return path


def _keys(dotted: str) -> list[str]:
    """The parts of a key as tomllib reads them."""
    read: object = tomllib.loads(f"{dotted} = 0")
    names = []
    while isinstance(read, dict):
        [(name, read)] = read.items()
        names.append(name)
    return names


def _last_line_of_value(lines: list[str], first: int, value: str) -> int:
    """The index of the line on which the value that begins as `value` ends."""
    depth, quote, n, rest = 0, "", first, value
    while True:
        while rest:
            if quote:
                _, found, rest = rest.partition(quote)
                quote = "" if found else quote
                continue
            token = _TOKEN.search(rest)
            if token is None:
                break
            rest = rest[token.end() :]
            if token[0] in ('"""', "'''"):
                quote = token[0]
            elif token[0] in "[{":
                depth += 1
            elif token[0] in "]}":
                depth -= 1
        if (not depth and not quote) or n + 1 >= len(lines):
            return n
        n += 1
        rest = lines[n]
