"""Books of the short evening after its draw: ten vouchers, copied for each test that spends them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from gala.asks import Asked, Asker, Seal
from gala.clerk import Clerk
from gala.rundown import Rundown, Segment
from gala.secret import register_keys
from gala.store.clients import Clients
from gala.wallets import Wallets, titles_of
from rewards.keeping.register import Register
from rewards.money.codes import voucher_code
from rewards.money.vouchers import Voucher
from tests.conftest import patient
from tests.gala.hall import SECRET, Hall
from tests.gala.story import SHORT
from tests.gala.test_notary import Undying, play

SHOW = SHORT.id
DAY_MS = 86_400_000
(DRAW,) = (draw for segment in SHORT.segments for draw in segment.draws)
FROM_MS, UNTIL_MS = DRAW.valid_from_at_ms, DRAW.valid_until_at_ms
DATES_MS = (FROM_MS + DAY_MS // 4, FROM_MS + DAY_MS // 2)


def dated(rundown: Rundown) -> Rundown:
    """The same with dates on which unclaimed prizes pass on."""

    def of(segment: Segment) -> Segment:
        draws = tuple(replace(draw, alternates_at_ms=DATES_MS) for draw in segment.draws)
        return replace(segment, draws=draws)

    return replace(rundown, segments=tuple(of(segment) for segment in rundown.segments))


DATED = dated(SHORT)


async def play_it(valkey_url: str, folder: Path) -> None:
    """Plays the evening into this folder (`books`, `bundle`, and what the `store` held), with a store that is
    empty again afterwards."""
    clients = await patient(valkey_url)
    await clients.once.flushall()
    hall = Hall(clients, folder, DATED)
    await play(hall, Undying(hall))
    held = {key: await clients.once.dump(key) async for key in clients.once.scan_iter()}
    (folder / "store").write_bytes(msgspec.msgpack.encode(held))
    await clients.once.flushall()
    await clients.close()


async def restore(paid: Path, clients: Clients) -> None:
    """What the store held at the end of that evening."""
    for key, dump in msgspec.msgpack.decode((paid / "store").read_bytes()).items():
        await clients.once.restore(key, 0, dump)


async def books(paid: Path, data: Path) -> Register:
    """Those books, copied into a data folder and opened."""
    shutil.copytree(paid / "books", data / "books", dirs_exist_ok=True)
    return await Register.open(data / "books", show=SHOW, rehearsal=True, keys=register_keys(SECRET))


async def vouchers(register: Register) -> list[Voucher]:
    """The ten, by tier and prize."""
    return await register.issue(1, at_ms=0)


def code(voucher: Voucher) -> str:
    return voucher_code(register_keys(SECRET).codes, voucher.id)


@dataclass
class Till:
    """Both ends of the store: whoever asks, and the clerk who answers; each may be made anew."""

    clients: Clients
    register: Register
    seal: Seal
    now_ms: int = FROM_MS

    def asker(self) -> Asker:
        return Asker(self.clients.once, SHOW, self.seal, now_ms=lambda: self.now_ms, rate=lambda: 1.0)

    def asked(self) -> Asked:
        return Asked(self.clients.once, SHOW, self.seal)

    def clerk(self) -> Clerk:
        return Clerk(self.register, self.asked(), self.wallets(), lambda: None)

    def wallets(self) -> Wallets:
        return Wallets(self.clients.once, SHOW, self.register, titles_of(DATED))
