"""The notary and its clerk, put together over open books."""

from dataclasses import dataclass

from gala.asks import Asked
from gala.clerk import Clerk
from gala.draws.beacons import Signature
from gala.notary import Notary
from gala.publishing import Publishing
from gala.roles.house import House
from gala.secret import register_keys
from gala.wallets import Wallets, titles_of
from rewards.arithmetic.beacon import Chain
from rewards.keeping.register import Register


@dataclass(frozen=True, slots=True)
class Office:
    """A notary and the books it keeps, which are open."""

    notary: Notary
    clerk: Clerk
    register: Register


async def office(house: House, *, rehearsal: bool, chain: Chain, signature: Signature) -> Office:
    """Opens the books, which are to be closed afterwards."""
    rundown = house.rundown
    register = await Register.open(
        house.settings.data / "books",
        show=rundown.id,
        rehearsal=rehearsal,
        keys=register_keys(house.secret),
        ledger_url=house.settings.ledger_url,
    )
    wallets = Wallets(house.clients.once, rundown.id, register, titles_of(rundown))
    notary = Notary(
        rundown,
        house.rounds,
        house.log,
        house.clients.once,
        register,
        wallets,
        chain=chain,
        signature=signature,
        secret=house.secret,
        publishing=Publishing(register, house.settings.data, lambda: house.wall_s() * 1000),
    )
    clerk = Clerk(register, Asked(house.clients.once, rundown.id, house.seal), wallets, notary.grew)
    return Office(notary, clerk, register)
