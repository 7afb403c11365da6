"""An evening's books opened again by whoever was not told of which evening they are."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rewards.arithmetic import places
from rewards.keeping.keys import Keys
from rewards.keeping.register import Register
from rewards.log import canonical
from rewards.money.ledger import Ledger


class NoEvening(ValueError):
    """There are no books, or nothing was begun in them."""


class OtherKeys(ValueError):
    """The books were kept under other keys: codes would be unknown, and the log signed by a stranger."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """The books, to be closed; of which show they are, and whether of a rehearsal."""

    register: Register
    show: str
    rehearsal: bool


async def reopen(folder: Path, *, keys: Keys, ledger_url: str = "") -> Reopened:
    """Opens an evening's folder as it was left; ledger_url: as for `Register.open`.

    Raises NoEvening and OtherKeys, and founds nothing.
    """
    if not ledger_url and not await asyncio.to_thread((folder / "ledger.sqlite").is_file):
        raise NoEvening(f"no books in {folder}")
    ledger = await Ledger.open(ledger_url or folder / "ledger.sqlite")
    try:
        async with ledger.transaction() as db:
            bodies = [body for _, body in await ledger.leaves(db, 0)]
    finally:
        await ledger.close()
    if not bodies:
        raise NoEvening(f"nothing was begun in {folder}")
    evening, *others = (canonical.decode(body) for body in bodies)
    show, rehearsal = evening["show"], evening["rehearsal"]
    for leaf in others:
        if leaf["schema"] == "gala/spec/1":
            key = places.place_key(keys.places, f"draw/{show}/{leaf['draw']}")
            if places.key_commitment(key).hex() != leaf["place_key_commitment"]:
                raise OtherKeys(f"the books in {folder} were kept under another secret")
    register = await Register.open(folder, show=show, rehearsal=rehearsal, keys=keys, ledger_url=ledger_url)
    return Reopened(register, show, rehearsal)
