"""The statement of an evening, for whoever has to sign that it was fair: one page of HTML to read or print.

What was promised, given, expired and returned; the odds as they were stated and as they came out; who was
refused and why; what the crew did out of the ordinary, by name; and how anybody checks all of it. Figures
come from the published evidence (`reckoning`), names from the notary's notes (`chronicle`).
"""

from collections import defaultdict

from gala.statement.chronicle import Chronicle, Deed
from gala.statement.look import MARK, amount, frame, moment, money, page, paragraph, table, text
from gala.statement.reckoning import DrawCame, Reckoning, TierCame

DEEDS = {
    "override": "Overrides of a red window",
    "hold": "Holds",
    "kill": "The kill switch",
    "void": "Rounds and draws declared void",
    "change": "Changes to the running order, times and channels",
}
SIGN = (
    "<div class=sign><div>For the operator: name, date, signature</div>"
    "<div>For the auditor: name, date, signature</div></div>"
)
STATES = {
    "open": "not frozen",
    "frozen": "frozen, no result yet",
    "result": "drawn",
    "void": "VOID",
    "closed": "drawn, books closed",
}


def statement(found: Reckoning, notes: Chronicle | None, *, made_at_ms: int, zone: str = "UTC") -> str:
    """The whole page. notes None: the names were not kept on this machine, and it says so. zone: where there
    are no notes to name it."""
    zone = notes.zone if notes is not None else zone
    name = notes.name if notes is not None else found.show
    parts = [
        _head(found, name, made_at_ms, zone),
        _bands(found),
        _summary(found),
        "<h2>Draws and prizes</h2>",
        *(_draw(draw) for draw in found.draws),
        *([] if found.draws else [paragraph("This evening had no draw.")]),
        _rounds(found, notes),
        _refusals(notes),
        _deeds(notes, zone),
        _checks(found),
        _how(found),
        SIGN,
    ]
    return page(f"Statement: {name}", "".join(parts))


def _head(found: Reckoning, name: str, made_at_ms: int, zone: str) -> str:
    made = f"{found.show} · made {moment(made_at_ms, zone)}, times of {zone}"
    return f"<header>{MARK}<h1>Statement: {text(name)}</h1><div class=dim>{text(made)}</div></header>"


def _bands(found: Reckoning) -> str:
    bands = []
    if found.rehearsal:
        bands.append(
            "<p class=band>A rehearsal: its beacon is its own, and its money (XTS) buys nothing.</p>"
        )
    if not found.checks:
        bands.append('<p class="band bad">The evidence has not been checked for this statement.</p>')
    failed = [name for name, ok, _ in found.checks if not ok]
    if failed:
        bands.append(f'<p class="band bad">The evidence does not hold: {text(", ".join(failed))}.</p>')
    return "".join(bands)


def _summary(found: Reckoning) -> str:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for draw in found.draws:
        for tier in draw.tiers:
            amounts = (tier.budget, tier.redeemed, tier.outstanding, tier.returned)
            sums[tier.currency] = [a + b for a, b in zip(sums[tier.currency], amounts, strict=True)]
    parts = []
    for currency, (budget, redeemed, outstanding, returned) in sorted(sums.items()):
        in_hand = budget - redeemed - outstanding - returned
        figures = [
            ("promised", budget),
            ("redeemed at tills", redeemed),
            ("in wallets", outstanding),
            ("returned", returned),
            *([("not drawn yet", in_hand)] if in_hand else []),
        ]
        cells = "".join(
            f"<div><b>{text(money(minor, currency))}</b><span>{text(what)}</span></div>"
            for what, minor in figures
        )
        parts.append(f"<div class=sum>{cells}</div>")
        total = redeemed + outstanding + returned + in_hand
        holds = " = ".join((money(budget, currency), "the sum of the others"))
        parts.append(paragraph(holds if total == budget else "These do not add up.", "dim small"))
    return "".join(parts)


def _admitted(draw: DrawCame) -> str:
    """Who could win, and how many numbers had been given out."""
    who = "Verified accounts of the host app could win" if draw.accounts else "Every number could win"
    but = f", but for {draw.excluded:,} that were named before the show" if draw.excluded else ""
    if not draw.numbers:
        return f"{who}{but}."
    return (
        f"{who}{but}. {draw.numbers:,} numbers had been given out, {draw.busiest:,} of them in the busiest "
        f"minute, from {moment(draw.busiest_at_ms, draw.zone)} on."
    )


def _draw(draw: DrawCame) -> str:
    zone = draw.zone
    parts = [f"<h3>Draw {draw.draw}: {text(draw.title)} ({text(STATES[draw.state])})</h3>"]
    if draw.why:
        parts.append(paragraph(f"Void, {draw.why}. Its whole budget goes back."))
    parts.append(paragraph(_admitted(draw)))
    if draw.beacon_round:
        silent = (
            f" {', '.join(draw.silent)} did not reveal: the commitment was mixed in its place."
            if draw.silent
            else ""
        )
        parts.append(
            paragraph(
                f"{draw.entrants:,} viewers held {draw.tickets:,} tickets"
                + (f" ({draw.barred:,} more could not win)" if draw.barred else "")
                + f". Round {draw.beacon_round:,} of the {draw.chain}, of {moment(draw.beacon_at_ms, zone)}, "
                f"and the secrets of {' and '.join(draw.parties)} decided.{silent}"
            )
        )
    window = f"{moment(draw.valid_from_ms, zone)} until {moment(draw.valid_until_ms, zone)}, {zone}"
    dates = ", ".join(moment(date, zone) for date in draw.dates)
    passes_on = f" Unclaimed prizes pass on at {dates}." if dates else ""
    parts.append(paragraph(f"Vouchers are good from {window}. One viewer may win {draw.cap}.{passes_on}"))
    head = ("Tier", "Prizes", "Each", "Promised", "Vouchers", "Redeemed", "Expired", "Passed on", "Returned")
    for currency in dict.fromkeys(tier.currency for tier in draw.tiers):
        rows = [_row(tier) for tier in draw.tiers if tier.currency == currency]
        parts += [table((*head, "In wallets"), rows), paragraph(f"Amounts in {currency}.", "dim small")]
    if draw.chances:
        parts += _odds(draw)
    return "".join(parts)


def _row(tier: TierCame) -> tuple[str, ...]:
    def plain(minor: int) -> str:
        return amount(minor, tier.currency)

    return (
        f"{tier.tier}. {tier.name}",
        f"{tier.count:,}",
        plain(tier.face) if tier.face else f"{plain(tier.least)} to {plain(tier.most)}",
        plain(tier.budget),
        f"{tier.vouchers:,}",
        plain(tier.redeemed),
        plain(tier.expired),
        plain(tier.passed),
        plain(tier.returned),
        plain(tier.outstanding),
    )


def _odds(draw: DrawCame) -> list[str]:
    stated = [
        (
            f"{tier.tier}. {tier.name}",
            f"{tier.count:,} of {draw.tickets:,}",
            _one_in(tier.count, draw.tickets),
            f"{tier.winners:,}",
            _one_in(tier.winners, draw.tickets),
        )
        for tier in draw.tiers
    ]
    won = sum(chance.winners for chance in draw.chances)
    realised = [
        (
            f"{chance.tickets}",
            f"{chance.viewers:,}",
            f"{chance.winners:,}",
            _share(chance.winners, chance.viewers),
            _share(chance.winners, won),
            _share(chance.viewers * chance.tickets, draw.tickets),
        )
        for chance in draw.chances
    ]
    return [
        "<h3>Odds</h3>",
        table(("Tier", "Prizes to tickets, stated", "A ticket's chance", "Winners", "Came out"), stated),
        table(
            ("Tickets held", "Viewers", "Winners", "Of them won", "Share of winners", "Share of tickets"),
            realised,
        ),
        paragraph(
            "The share of winners follows the share of tickets, less what the cap takes from those who hold "
            "many: the draw sorts tickets by a keyed hash and looks at nothing else.",
            "dim small",
        ),
    ]


def _one_in(part: int, whole: int) -> str:
    if not part or not whole:
        return "none"
    return "certain" if part >= whole else f"1 in {_tenths(whole, part)}"


def _share(part: int, whole: int) -> str:
    return f"{_tenths(100 * part, whole)} %" if whole else "none"


def _tenths(part: int, whole: int) -> str:
    """A quotient with one decimal, rounded half up; by integers, so that every reader gets the same."""
    tenths = (20 * part + whole) // (2 * whole)
    return f"{tenths // 10:,}.{tenths % 10}"


def _rounds(found: Reckoning, notes: Chronicle | None) -> str:
    if not found.rounds:
        return ""
    names = notes.rounds if notes is not None else {}
    rows = [
        (
            round_.id,
            names.get(round_.id, ""),
            round_.state + (f": {round_.why}" if round_.why else ""),
            f"{round_.plays:,}" + (" (totals only)" if round_.kept_back else ""),
            ("equal" if round_.equal else "NOT EQUAL") if round_.state == "sealed" else "none",
        )
        for round_ in found.rounds
    ]
    return "<h2>Rounds</h2>" + table(("Round", "Title", "State", "Plays counted", "Recount"), rows, said=True)


def _refusals(notes: Chronicle | None) -> str:
    head = "<h2>Plays that were refused</h2>"
    if notes is None:
        return head + paragraph("The notary's notes are not on this machine.")
    if not notes.refused:
        return head + paragraph("None.")
    return head + table(
        ("Round", "Reason", "Channel", "Plays"),
        ((one.round, one.reason, one.channel, f"{one.count:,}") for one in notes.refused),
        said=True,
    )


def _deeds(notes: Chronicle | None, zone: str) -> str:
    head = "<h2>Out of the ordinary, and by whom</h2>"
    if notes is None:
        return head + paragraph("The notary's notes are not on this machine.")
    parts = []
    for kind, title in DEEDS.items():
        done: list[Deed] = [deed for deed in notes.deeds if deed.kind == kind]
        parts.append(f"<h3>{text(title)}</h3>")
        rows = ((moment(deed.at_ms, zone), deed.by, deed.what) for deed in done)
        parts.append(table(("When", "Who", "What and why"), rows, said=True) if done else paragraph("None."))
    return head + "".join(parts)


def _checks(found: Reckoning) -> str:
    rows = "".join(
        f"<tr><th scope=row class={'pass' if ok else 'fail'}>{'PASS' if ok else 'FAIL'}</th>"
        f"<td>{text(name)}</td><td>{text(detail)}</td></tr>"
        for name, ok, detail in found.checks
    )
    if not rows:
        return ""
    return "<h2>Checks of the published evidence</h2>" + frame(("Says", "Check", "Found"), rows, said=True)


def _how(found: Reckoning) -> str:
    return (
        "<h2>How to check this</h2>"
        + paragraph(
            "Every figure above comes from the published bundle (/bundle/ on the show's own address), all "
            "but the refusals. It holds its description (SPEC.md) and a verifier of its own; either of these "
            "commands reads it and says PASS or FAIL line by line:"
        )
        + "<pre><code>python verify.py BUNDLE\ngala audit verify BUNDLE</code></pre>"
        + table(
            ("Of this evidence", "Is"),
            (
                ("log", found.origin),
                ("leaves under the signed checkpoint", f"{found.size:,}"),
                ("root of the log", found.root),
                ("the log's key", found.key),
                ("rows of the ledger", f"{found.rows:,}"),
                ("running hash of the ledger", found.chain or "none"),
            ),
            said=True,
        ).replace("<td>", "<td class=hash>")
    )
