"""What others run on machines of their own: a party commits and reveals, a witness watches the log.

They talk to the crew's listener over HTTP and trust nothing that it says: a party's secret stays in a file of
theirs until it is to be opened, and a witness cosigns only a log that it has seen grow.
"""

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from rewards.log import files, tiles
from rewards.log.note import BadNote, Checkpoint, Cosigner, Verifier
from rewards.rules import leaves, witness
from rewards.rules.witness import NotCosigned, Seen

TIMEOUT_S = 10.0
ANSWER_MAX = 1 << 24
AGAIN_S = 15.0  # a log that stands still is cosigned anew, so that it is known who is awake


class Unreachable(Exception):
    """The service did not answer, or refused; says what it said."""


class Mistaken(Exception):
    """A file or an argument of ours is not what it should be."""


class CrewDoor:
    """The crew's listener as a party or a witness sees it, from outside. Blocking.

    token: an auditor's pass, or @ and the name of a file with it, which no list of processes shows.
    """

    def __init__(self, address: str, token: str) -> None:
        self._address = address.rstrip("/")
        self._token = token if not token.startswith("@") else Path(token[1:]).read_text("utf-8").strip()

    def get(self, path: str) -> bytes:
        return self._ask(path, None)

    def post(self, path: str, body: bytes) -> bytes:
        return self._ask(path, body)

    def show(self) -> str:
        """The show's id."""
        return str(json.loads(self.get("/api/rundown"))["id"])

    def call(self, cue: dict[str, Any]) -> int:
        """Does a cue; the show's version after it."""
        return int(json.loads(self.post("/api/cues", json.dumps(cue).encode()))["version"])

    def _ask(self, path: str, body: bytes | None) -> bytes:
        if not self._address.startswith(("http://", "https://")):
            raise Mistaken(f"{self._address} is no address: write https://HOST:PORT")
        headers = {"authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(f"{self._address}{path}", body, headers)  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return bytes(answer.read(ANSWER_MAX))
        except urllib.error.HTTPError as error:
            raise Unreachable(_said(error)) from None
        except (urllib.error.URLError, OSError) as error:
            raise Unreachable(f"{self._address} does not answer: {error}") from None


def _said(error: urllib.error.HTTPError) -> str:
    try:
        said = json.loads(error.read(4096))
        return f"{said['reason']}: {said['detail']}" if said.get("detail") else str(said["reason"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code}"


# ---------------------------------------------------------------- a party of a draw


class Secret(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """A party's secret for one draw, as its file holds it. Never printed."""

    draw_id: str
    party: str
    r: str

    def __repr__(self) -> str:
        return f"Secret({self.draw_id}, {self.party})"


def secret_of(path: Path, draw_id: str, party: str, entropy: Callable[[int], bytes] | None) -> bytes:
    """The 32 bytes in a party's file; made there first where `entropy` is given and no file is.

    Mistaken if the file is of another draw or party, or is none.
    """
    if not path.exists():
        if entropy is None:
            raise Mistaken(f"{path} is not there: it was made by `gala draw commit`, on this machine")
        made = Secret(draw_id=draw_id, party=party, r=entropy(32).hex())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(made) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Secret)
        r = bytes.fromhex(found.r)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
        raise Mistaken(f"{path} is no secret of `gala draw commit`") from None
    if (found.draw_id, found.party, len(r)) != (draw_id, party, 32):
        raise Mistaken(f"{path} is the secret of {found.party} for {found.draw_id}")
    return r


def commit(service: CrewDoor, draw: int, party: str, path: Path, entropy: Callable[[int], bytes]) -> str:
    """Makes a party's secret, keeps it in `path`, and publishes what it commits to; that, in hex."""
    name = leaves.draw_id(service.show(), draw)
    sealed = leaves.commitment(name, party, secret_of(path, name, party, entropy)).hex()
    cue = {"cue": "commit", "draw": draw, "party": party, "commitment": sealed}
    service.call(cue | {"id": f"commit/{draw}/{party}/{sealed[:16]}"})
    return sealed


def reveal(service: CrewDoor, draw: int, party: str, path: Path) -> None:
    """Opens a party's commitment, once the roster is fixed."""
    name = leaves.draw_id(service.show(), draw)
    r = secret_of(path, name, party, None).hex()
    service.call({"cue": "reveal", "draw": draw, "party": party, "r": r, "id": f"reveal/{draw}/{party}"})


def bring_beacon(service: CrewDoor, draw: int, signature: str) -> None:
    """Brings the beacon's signature by hand: pasted, or from the file of that name. It proves itself."""
    named = Path(signature)
    text = named.read_text("utf-8").strip() if len(signature) < 96 and named.is_file() else signature.strip()
    if text.startswith("{"):
        text = str(json.loads(text).get("signature", ""))
    if not re.fullmatch("[0-9a-f]{96}", text):
        raise Mistaken("a signature is 48 bytes in hex: as a relay tells it, or a file with its answer")
    service.call({"cue": "beacon", "draw": draw, "signature": text, "id": f"beacon/{draw}/{text[:16]}"})


def give_up(service: CrewDoor, draw: int, reason: str) -> None:
    """Ends a draw without a result, before its reveals are closed. Needs a director's pass."""
    service.call({"cue": "void_draw", "draw": draw, "reason": reason, "id": f"void/{draw}"})


# ---------------------------------------------------------------- a witness


def cosigner_of(path: Path, name: str, entropy: Callable[[int], bytes]) -> Cosigner:
    """A witness's key from its file, made there if no file is. Mistaken if it is none."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(entropy(32).hex() + "\n")
    try:
        private = bytes.fromhex(path.read_text("utf-8").strip())
    except ValueError:
        private = b""
    if len(private) != 32:
        raise Mistaken(f"{path} is no key of `gala witness`")
    found = Cosigner(name, private)
    try:
        Verifier.parse(str(found.verifier))
    except BadNote as error:
        raise Mistaken(f"the name {name!r}: {error}") from None
    return found


class Watcher:
    """A witness at work: `look` again and again. state: a file with what it has cosigned so far."""

    def __init__(
        self, service: CrewDoor, cosigner: Cosigner, state: Path, log_key: str, wall_s: Callable[[], int]
    ) -> None:
        """log_key: the log's verifier key as known from elsewhere, or empty: then what is served first is
        believed, and from then on nothing else."""
        self._service = service
        self._cosigner = cosigner
        self._state = state
        self._wall_s = wall_s
        self._seen: Seen | None = None
        self._log_key = log_key
        self._told_s = 0
        if state.exists():
            kept = json.loads(state.read_text("utf-8"))
            self._seen = Seen(kept["origin"], kept["size"], bytes.fromhex(kept["root"]))
            if log_key and log_key != kept["log_key"]:
                raise Mistaken(f"{state} is of a log with another key: {kept['log_key']}")
            self._log_key = kept["log_key"]

    @property
    def log_key(self) -> str:
        return self._log_key

    def look(self) -> Seen | None:
        """One look: what was cosigned now, or None if there was no need. NotCosigned: the log has lied."""
        log_key = self._log_key or self._service.get("/api/log/key").decode().strip()
        note = self._service.get("/api/log/checkpoint").decode()
        now_s = self._wall_s()
        size = _size(note)
        if self._seen is not None and size == self._seen.size and now_s < self._told_s + AGAIN_S:
            return None
        try:
            verifier = Verifier.parse(log_key)
        except BadNote as error:
            raise NotCosigned(f"its key: {error}") from error
        found = witness.look(self._seen, note, verifier, self._hashes(size))
        # kept before it is told: a witness that died between the two has promised nothing
        kept = {"log_key": log_key, "origin": found.origin, "size": found.size, "root": found.root.hex()}
        files.write_durably(self._state, json.dumps(kept).encode())
        self._seen, self._log_key = found, log_key
        self._service.post("/api/log/cosigned", (note + witness.cosign(note, self._cosigner, now_s)).encode())
        self._told_s = now_s
        return found

    def _hashes(self, size: int) -> list[bytes]:
        found: list[bytes] = []
        for index in range(-(-size // tiles.WIDTH)):
            width = min(tiles.WIDTH, size - index * tiles.WIDTH)
            content = self._service.get(f"/api/log/{tiles.path('0', index, width)}")
            found += [content[at : at + 32] for at in range(0, len(content), 32)]
        return found


def _size(note: str) -> int:
    try:
        return Checkpoint.parse(note.rpartition("\n\n")[0] + "\n").size
    except BadNote as error:
        raise NotCosigned(f"its checkpoint: {error}") from error
