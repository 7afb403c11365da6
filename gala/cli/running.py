"""How a command's coroutine is run: until a signal, and with words for what is wrong with a machine."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from gala.cli.console import fail


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set; a second SIGINT ends the hard way."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, on_signal)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    return stop


def run_or_say(run: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Runs a command's coroutine; what can be wrong with a machine is said in words."""
    import uvloop

    said: Exception | None = None
    code = 1
    try:
        code = uvloop.run(run())
    except* KeyboardInterrupt:
        code = 130
    except* _sayable() as problems:
        said = _first_of(problems)
    if said is not None:
        raise fail(str(said), 1)
    return code


def _sayable() -> tuple[type[Exception], ...]:
    """What says in its message what is wrong and what to do. Looked up only when something is."""
    from gala.accounts import NoHost
    from gala.beginning import OtherRundown
    from gala.ports import CannotListen
    from gala.store.clients import StoreUnusable
    from gala.store.valkey import ValkeyUnusable
    from gala.workers import NotUp
    from rewards.keeping.reopening import NoEvening, OtherKeys

    return (
        *(CannotListen, OtherRundown, NotUp, StoreUnusable, ValkeyUnusable),
        *(NoEvening, NoHost, OtherKeys),
    )


def _first_of(problems: BaseExceptionGroup[Exception]) -> Exception:
    """The first of several that came together, however deep."""
    found = problems.exceptions[0]
    return _first_of(found) if isinstance(found, BaseExceptionGroup) else found
