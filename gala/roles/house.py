"""What the roles of one process are made from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gala.accounts import Accounts
from gala.asks import Asker, Seal
from gala.clock import GalaClock
from gala.passes import Passes, derive
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.secret import Entropy
from gala.settings import Settings
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.texts import Texts
from gala.timekeeping import Timekeeper, World


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the roles of one process are made from. `name`: the process's, unique in the show."""

    settings: Settings
    rundown: Rundown
    clock: GalaClock
    world: World
    timekeeper: Timekeeper
    clients: Clients
    log: ShowLog
    rounds: Rounds
    passes: Passes
    texts: Texts
    secret: bytes
    entropy: Entropy
    wall_s: Callable[[], int]
    name: str
    accounts: Accounts

    def of(self, clients: Clients) -> "House":
        """The same, for a role that is another user of the store."""
        return replace(self, clients=clients, log=ShowLog(clients, self.rundown.id))

    @property
    def seal(self) -> Seal:
        """Of what is asked of the notary, and answered."""
        return Seal(self.rundown.id, self.secret, self.entropy)

    def asker(self) -> Asker:
        """Asks the notary as this role's user of the store."""
        clock = self.clock
        return Asker(
            self.clients.once, self.rundown.id, self.seal, now_ms=clock.now_ms, rate=lambda: clock.rate
        )

    @property
    def bundle(self) -> Path:
        """Where the evidence will be."""
        return self.settings.data / "bundle"

    @property
    def origins(self) -> list[str] | None:
        """The origins whose pages may open a socket; None: our own."""
        return self.settings.origins.split(",") if self.settings.origins else None


def texts_of(rundown: Rundown, secret: bytes) -> Texts:
    """What pages read, by hashes that tell nothing."""
    return Texts(rundown, derive(secret, "texts"))
