"""How a statement is put on paper: its style, and the few forms of its text, all of which is escaped here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

STYLE = (Path(__file__).parent / "statement.css").read_text("utf-8")

MARK = (
    '<svg viewBox="0 0 30 32" aria-hidden="true"><path d="M15 8L23 30.5H7z" fill="#5c1a40" opacity=".22"/>'
    '<path d="M3 30.5V16a12 12 0 0 1 24 0v14.5" fill="none" stroke="#5c1a40" stroke-width="3" '
    'stroke-linecap="round"/><circle cx="15" cy="4.2" r="4" fill="#5c1a40"/></svg>'
)

# ISO 4217 has two digits after the point for most currencies; these have others.
DIGITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),  # noqa: SIM905 - a list
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),  # noqa: SIM905 - a list
}


def text(value: object) -> str:
    """Anything, as text that means nothing to a browser."""
    return escape(str(value), quote=True)


def money(minor: int, currency: str) -> str:
    """An exact amount with its currency, ``CNY 1,234.50``."""
    return f"{currency} {amount(minor, currency)}"


def amount(minor: int, currency: str) -> str:
    """The same without its currency, which stands beside it once."""
    digits = DIGITS.get(currency, 2)
    whole, rest = divmod(abs(minor), 10**digits)
    point = f".{rest:0{digits}}" if digits else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{point}"


def moment(at_ms: int, zone: str) -> str:
    """Day and time in a zone, which is named beside it once."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{at:%Y-%m-%d %H:%M:%S}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, said: bool = False) -> str:
    """A table whose first column names its rows. said: its cells are words, not figures."""
    body = "".join(
        "<tr>"
        + "".join(
            f"<th scope=row>{text(cell)}</th>" if n == 0 else f"<td>{text(cell)}</td>"
            for n, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return frame(head, body, said=said)


def frame(head: Sequence[str], body: str, *, said: bool = False) -> str:
    """A table of rows that are written already; one that is too wide for a screen scrolls by itself."""
    names = "".join(f"<th scope=col>{text(name)}</th>" for name in head)
    kind = " class=said" if said else ""
    return (
        f"<div class=scroll tabindex=0><table{kind}><thead><tr>{names}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def paragraph(words: str, kind: str = "") -> str:
    """One paragraph of plain text."""
    return f"<p class={text(kind)!r}>{text(words)}</p>" if kind else f"<p>{text(words)}</p>"


def page(title: str, body: str) -> str:
    """The whole document: no script, nothing fetched."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
