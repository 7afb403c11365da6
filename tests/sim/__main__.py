"""``make sim SEED=…``: one evening again, as its seed makes it; without a seed, some that nobody has seen.

Exit 1: something does not hold. ``--digest`` prints what the evening comes to, and nothing else.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gala.store.valkey import EmbeddedValkey
from tests.sim.evening import Found, evening
from tests.sim.world import Server

SHOWN_MAX = 20
RAM = Path("/dev/shm")  # what is written here is thrown away, and a disk would only slow it down


@contextmanager
def server_in(folder: Path) -> Iterator[Server]:
    """A store of our own."""
    store = EmbeddedValkey(folder / "store", durable=False).start()
    server = Server(store.url)
    try:
        yield server
    finally:
        server.close()
        store.stop()


def played(seeds: Sequence[str]) -> Iterator[tuple[str, Found]]:
    """One evening after the other, each in a folder that is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="gala-sim-", dir=RAM if RAM.is_dir() else None) as name,
        server_in(Path(name)) as server,
    ):
        for seed in seeds:
            with tempfile.TemporaryDirectory(dir=name) as folder:
                yield seed, evening(seed, Path(folder), server)


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make sim SEED=…", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("seed", nargs="*", help="of the evenings to play")
    parser.add_argument("--evenings", type=int, default=20, help="without a seed: how many (default 20)")
    parser.add_argument("--digest", action="store_true", help="print the digest alone")
    asked = parser.parse_args(arguments)
    seeds = asked.seed or [secrets.token_hex(4) for _ in range(asked.evenings)]
    wrong = 0
    for seed, found in played(seeds):
        if asked.digest:
            sys.stdout.write(f"{found.digest}\n")
            continue
        plays = f"{found.attempts} plays sent, {found.acked} acknowledged"
        verdict = "NOT RIGHT" if found.faults else "right"
        sys.stdout.write(f"{seed}: {found.seconds:.0f} s, {plays}, {found.struck} faults: {verdict}\n")
        for fault in found.faults[:SHOWN_MAX]:
            sys.stdout.write(f"  {fault}\n")
        wrong += bool(found.faults)
    if wrong and not asked.digest:
        sys.stdout.write(f"{wrong} of {len(seeds)}; each again with `make sim SEED=…`\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    began_s = time.monotonic()
    code = main(sys.argv[1:])
    sys.stderr.write(f"{time.monotonic() - began_s:.1f} s\n")
    sys.exit(code)
