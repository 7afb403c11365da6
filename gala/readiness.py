"""Whether the next draw will stand: who has committed and revealed, which witnesses are awake, until when.

For the crew's pages. All of it is read off the log's leaves and the witnesses' words, as the notary told them
(`gala.evidence.Books`), so a page says what the books say. Pure.
"""

from collections.abc import Iterable, Mapping

from gala.protocol import crew as protocol_crew
from gala.rundown import Rundown

AWAKE_MS = 60_000  # how recent a witness's word must be for it to be there at the close


def parties(
    rundown: Rundown, leaves: Iterable[protocol_crew.EvidenceLeaf], draw: int
) -> list[protocol_crew.DrawParty]:
    """A draw's parties in the rundown's order."""
    at_ms = {leaf.key: leaf.at_ms for leaf in leaves if leaf.key.startswith(f"draw/{draw}/")}
    closed = f"draw/{draw}/reveals-closed" in at_ms
    found = []
    for name in rundown.parties:
        committed, revealed = (at_ms.get(f"draw/{draw}/{act}/{name}", 0) for act in ("commit", "reveal"))
        party = protocol_crew.DrawParty(
            party=name, state="missing", committed_at_ms=committed, revealed_at_ms=revealed
        )
        if revealed:
            party.state = "revealed"
        elif committed:
            party.state = "withheld" if closed else "committed"
        found.append(party)
    return found


def witnesses(
    rundown: Rundown, heard: Mapping[str, tuple[int, int]], now_ms: int
) -> list[protocol_crew.DrawWitness]:
    """The rundown's witnesses, and what they cosigned last. heard: by name, leaves seen and when (ms)."""
    found = []
    for key in rundown.witnesses:
        name = key.split("+", maxsplit=1)[0]
        size, at_ms = heard.get(name, (0, 0))
        awake = at_ms > 0 and now_ms - at_ms <= AWAKE_MS
        found.append(protocol_crew.DrawWitness(name=name, size=size, at_ms=at_ms, awake=awake))
    return found


def unseen_close(leaves: Iterable[protocol_crew.EvidenceLeaf], unwitnessed: Iterable[int], draw: int) -> bool:
    """Whether the reveals of a draw are closed and nobody cosigned that yet. unwitnessed: leaves' places."""
    asking = set(unwitnessed)
    return any(leaf.key == f"draw/{draw}/reveals-closed" and leaf.index in asking for leaf in leaves)
