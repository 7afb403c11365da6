"""The beginning of an evening: the store, and the log's first entry."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import structlog

from gala.follower import Follower
from gala.rundown import Rundown
from gala.secret import Entropy
from gala.settings import Settings
from gala.store import users
from gala.store.clients import Clients, connect
from gala.store.log import Entry, ShowLog
from gala.store.valkey import embedded

log = structlog.get_logger("gala")


@contextlib.asynccontextmanager
async def store_for(
    wanted: Sequence[str], settings: Settings, secret: bytes
) -> AsyncIterator[dict[str, Clients]]:
    """The store of GALA_REDIS_URL, or one of our own, as these roles' users, closed afterwards."""
    async with contextlib.AsyncExitStack() as stack:
        url = settings.redis_url or users.marked(
            await stack.enter_async_context(embedded(settings.data / "store", users=users.lines(secret)))
        )
        found: dict[str, Clients] = {}
        for role in wanted:
            found[role] = await connect(users.address(url, role, secret))
            stack.push_async_callback(found[role].close)
        appendfsync = found[wanted[0]].appendfsync
        if appendfsync not in ("", "always"):
            log.warning("the store may lose acknowledged plays with its machine", appendfsync=appendfsync)
        yield found


class OtherRundown(Exception):
    """The store holds an evening of this show that began with another rundown."""


def same_show(first: Entry, rundown: Rundown, *, rehearsal: bool) -> None:
    """Raises OtherRundown unless the log's first entry is of this very rundown."""
    if first.cue["rundown"] != rundown.digest or first.cue["rehearsal"] != rehearsal:
        raise OtherRundown(
            f"the data folder holds an evening of '{rundown.id}' that began with another rundown, or as "
            f"{'a rehearsal' if first.cue['rehearsal'] else 'the real show'}: finish it, or set GALA_DATA"
        )


async def begin(
    rundown: Rundown, show_log: ShowLog, *, rehearsal: bool, now_ms: int, entropy: Entropy
) -> int:
    """Writes the log's first entry, or checks that the one there is of this very rundown.

    Returns the newest entry's instant: now, or where the evening that is taken up again had come to.
    """
    follower = Follower(rundown, show_log)
    cue = {
        "cue": "begin",
        "epoch": entropy(8).hex(),
        "rundown": rundown.digest,
        "rehearsal": rehearsal,
    }
    first = await follower.call(cue, id="begin", by="gala", now_ms=now_ms)
    same_show(first, rundown, rehearsal=rehearsal)
    await follower.read()
    return follower.state.at_ms
