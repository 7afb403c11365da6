"""Ports: a socket bound, alone or among processes that share it, and where others reach it.

Several processes may *share* a port (SO_REUSEPORT): each has a listening socket of its own, and on Linux the
kernel spreads new connections over them. One that should get no more of them shuts its socket; on another
system only one of them gets connections at a time, and it works as well, on one core. A socket that is bound
and does not listen gets none: so the port is reserved.
"""

import socket

from gala.settings import Settings

UNSENT_BYTES = 16 * 1024


class CannotListen(Exception):
    """The address is taken or not ours; the message says which and what to do."""


def reachable_host(host: str) -> str:
    """The name under which others in the same network reach what listens on `host`."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # connecting a datagram socket sends nothing; it only asks which address would be used
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def bound(
    host: str, port: int, *, setting: str, shared: bool = False, lingering: bool = True
) -> socket.socket:
    """A socket at that address, not listening yet. `setting` names the variable that chose the port.

    shared: with others who share it. lingering: also while the last connections of an earlier process, or a
    socket like this one which does not listen yet, are there. Raises CannotListen.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named TCP, or asyncio would leave Nagle's delay on: 40 ms for every second small write
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if lingering:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        # Connections inherit it: what a slow phone has not been sent waits with us, where a newer board
        # takes its place, and not by the megabyte in the kernel.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise CannotListen(
            f"cannot listen on {host}:{port}: {error.strerror}. Choose another port with {setting}."
        ) from error
    return made


def reserve(host: str, port: int, *, setting: str) -> socket.socket:
    """Holds a port (0: any free one) for processes that will share it; no connection comes to it.

    Raises CannotListen if anybody is there, also somebody who shares.
    """
    with bound(host, port, setting=setting) as alone:
        found = alone.getsockname()[1]
    try:
        # which keeps out, until the first worker listens, whoever would ask as we have just asked
        return bound(host, found, setting=setting, shared=True, lingering=False)
    except CannotListen:
        return bound(host, found, setting=setting, shared=True)


def join_url(settings: Settings, port: int) -> str:
    """Where the audience goes, if viewers are served at `port`."""
    return settings.public_url or f"http://{reachable_host(settings.public_host)}:{port}/"
