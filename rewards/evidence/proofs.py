"""One viewer's own proofs: my play is in the sealed box; I was in the roster, with these tickets.

Made from the published bundle and from the operator's private files, which say at which place a number
stands. What is handed out names no other viewer: a chunk of 512 records in public order, the path from it to
the root that a leaf holds, and the path from that leaf to a signed checkpoint (C2SP `tlog-proof`).
"""

import base64
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rewards.evidence import bundle
from rewards.log import canonical, merkle, tiles
from rewards.log.note import Checkpoint, proof_text
from rewards.rules.boxes import Numbers, box_path, read_numbers
from rewards.rules.history import History, Stages
from rewards.rules.leaves import Leaf

FILES_KEPT = 6  # trees and orders of files asked for last; of ten million places one is 120 MB
_HEADER = 64  # of a roster, before its records


class NoProof(Exception):
    """There is none; `reason` is of the list the wire has for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Log:
    """The published log as read last."""

    note: str
    hashes: list[bytes]
    bodies: list[bytes]
    history: History


@dataclass(slots=True)
class _File:
    """A published file of records, and which numbers stand at its places."""

    body: memoryview
    width: int
    hashes: list[bytes]
    numbers: Numbers
    order: npt.NDArray[np.int64]

    def place_of(self, number: int) -> int:
        at = int(np.searchsorted(self.numbers, number, sorter=self.order))
        if at == len(self.order) or self.numbers[self.order[at]] != number:
            raise NoProof("not_in_it")
        return int(self.order[at])


@dataclass(slots=True)
class Proofs:
    """target: the bundle's folder; folder: the register's. Reads files only; for one thread at a time."""

    target: Path
    folder: Path
    _log: _Log | None = None
    _files: "OrderedDict[str, _File]" = field(default_factory=OrderedDict)

    def of_round(self, round_id: str, number: int) -> dict[str, Any]:
        """That a number's play is in a round's sealed box (`gala/proof/1`); NoProof otherwise."""
        log = self._read_log()
        stages = log.history.rounds.get(round_id, Stages())
        if "seal" not in stages:
            raise NoProof("unknown_round")
        if "sha256" not in stages["seal"]:
            raise NoProof("kept_back")
        width = stages["open"]["layout"]["width"]
        found = self._file(box_path(round_id), stages["seal"]["sha256"], width, 0)
        place = found.place_of(number)
        head = {"schema": "gala/proof/1", "kind": "box", "round": round_id}
        return head | self._shown(found, place) | self._logged(log, stages.index("seal"))

    def of_draw(self, draw: int, number: int) -> dict[str, Any]:
        """That a number was in a draw's roster, and the result it ranked in; NoProof otherwise."""
        log = self._read_log()
        found = log.history.draws.get(draw)
        if found is None or "roster" not in found.stages:
            raise NoProof("unknown_draw")
        leaf = found.stages["roster"]
        rostered = self._file(bundle.draw_path(draw, "roster.bin"), leaf["sha256"], 2, _HEADER)
        place = rostered.place_of(number)
        made = {"schema": "gala/proof/1", "kind": "roster", "draw": draw}
        made |= self._shown(rostered, place) | self._logged(log, found.stages.index("roster"))
        if "result" in found.stages:
            result = self._logged(log, found.stages.index("result"))
            made |= {"result": result["leaf"], "result_proof": result["proof"]}
        return made

    @staticmethod
    def _shown(found: _File, place: int) -> dict[str, Any]:
        chunk = place // merkle.CHUNK
        step = merkle.CHUNK * found.width
        return {
            "place": place,
            "chunk": base64.b64encode(found.body[chunk * step : (chunk + 1) * step]).decode(),
            "path": [one.hex() for one in merkle.inclusion(found.hashes, chunk)],
        }

    @staticmethod
    def _logged(log: _Log, index: int) -> dict[str, Any]:
        path = merkle.inclusion(log.hashes, index)
        return {"leaf": log.bodies[index].decode(), "proof": proof_text(index, path, log.note)}

    def _read_log(self) -> _Log:
        try:
            note = (self.target / "log/checkpoint").read_text("utf-8")
            if self._log is None or self._log.note != note:
                self._log = self._read_leaves(note)
        except (OSError, tiles.BadTiles) as error:
            raise NoProof("not_published") from error  # or being refreshed at this moment
        return self._log

    def _read_leaves(self, note: str) -> _Log:
        checkpoint = Checkpoint.parse(note.rpartition("\n\n")[0] + "\n")
        entries = {
            path.relative_to(self.target / "log").as_posix(): path.read_bytes()
            for path in (self.target / "log/tile/entries").rglob("*")
            if path.is_file()
        }
        bodies = tiles.read(entries, checkpoint.size)
        hashes = [merkle.leaf_hash(body) for body in bodies]
        if merkle.root(hashes) != checkpoint.root:
            raise NoProof("not_published")
        past = History()
        for body in bodies:
            leaf: Leaf = canonical.decode(body)
            past.apply(leaf)
        return _Log(note, hashes, bodies, past)

    def _file(self, path: str, digest: str, width: int, header: int) -> _File:
        key = f"{digest}/{path}"
        if key not in self._files:
            body = memoryview((self.target / path).read_bytes())[header:]
            step = merkle.CHUNK * width
            hashes = [merkle.leaf_hash(bytes(body[at : at + step])) for at in range(0, len(body), step)]
            numbers = read_numbers(self.folder / "private" / path)
            self._files[key] = _File(body, width, hashes, numbers, np.argsort(numbers, kind="stable"))
            if len(self._files) > FILES_KEPT:
                self._files.popitem(last=False)
        self._files.move_to_end(key)
        return self._files[key]
