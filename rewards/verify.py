"""Verifies the bundle it lies in, alone: `python verify.py [DIR]`. Needs numpy, cryptography and pyblst.

Written from SPEC.md, whose section numbers stand beside each part; it shares no code with the programs that
made the bundle. One line a check, exit 0 if all pass, 1 at the first that fails. `--key VKEY` names the log's
key as you know it from elsewhere. What needs the operator's place keys (section 10) is not checked here.
"""

import base64
import gc
import hashlib
import hmac
import json
import re
import struct
import sys
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

QUICKNET = {
    "scheme": "bls-unchained-g1-rfc9380",
    "public_key": "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a"
    "2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    "genesis_ms": 1692803367000,
    "period_ms": 3000,
    "chain_hash": "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
}
G2 = (
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
)
MOVES = {  # 9: kind of row, the account it leaves and the one it reaches
    "fund": "OUTSIDE,BUDGET", "leftover": "BUDGET,RETURNED", "reserve": "BUDGET,RESERVED",
    "promote": "ALTERNATE,RESERVED", "issue": "RESERVED,ISSUED", "claim": "ISSUED,CLAIMED",
    "redeem": "CLAIMED,REDEEMED", "rollback": "REDEEMED,CLAIMED", "expire": "ISSUED,EXPIRED",
    "lapse": "CLAIMED,EXPIRED", "pass": "EXPIRED,ALTERNATE", "return": "EXPIRED,RETURNED",
}  # fmt: skip
NEXT = {
    "none reserve": "reserved", "none promote": "reserved", "reserved issue": "live", "live claim": "claimed",
    "claimed redeem": "redeemed", "redeemed rollback": "claimed", "live expire": "expired",
    "claimed lapse": "expired", "expired pass": "passed", "expired return": "returned",
}  # fmt: skip
LEDGER = "seq,id,at_ms,draw,tier,prize,alternate,kind,n,source,target,amount,currency,hash"
PRIZES = "draw,tier,prize,alternate,place,ticket,score,amount,currency,voucher"
SHAPES = {  # 5: what a leaf holds beside schema and at_ms; ? may be absent, [] a list, {} by any keys
    "evening": "algorithm:text show:text origin:text rehearsal:bool",
    "spec": "draw:positive draw_id:text algorithm:text title:text rehearsal:bool prizes:prize[] "
    "budget:natural{} cap:cap rounds:promise[] eligibility:text exclusions:exclusions window:window "
    "alternates_at_ms:natural[] close_ms:natural parties:text[] witnesses:text[] beacon:chain "
    "reserve_rounds:positive[] place_key_commitment:hash files:files",
    "commit": "draw:positive draw_id:text party:text commitment:hash",
    "open": "round:text rehearsal:bool layout:layout counts:count[] entries:entry[] "
    "place_key_commitment:hash rerun_of:text? chains:chains? game:text? settings:any?",
    "lock": "round:text",
    "settle": "round:text settled:natural by:text reason:text",
    "round-void": "round:text reason:text",
    "seal": "round:text plays:natural counters_sha256:hash recount_equal:bool numbers_mac:hash size:natural? "
    "sha256:hash? root:hash? withheld_mac:hash? heads:hash[]?",
    "part": "round:text channels:natural[] plays:natural numbers_mac:hash size:natural? sha256:hash? "
    "root:hash? withheld_mac:hash?",
    "roster": "draw:positive draw_id:text rounds:share[] numbers_count:natural issued:natural[][] "
    "places:natural tickets_total:natural eligible_places:natural eligible_tickets:natural "
    "histogram:positive[][] size:natural sha256:hash root:hash eligible_sha256:hash numbers_mac:hash "
    "won_sha256:hash? won_total:natural?",
    "reveal": "draw:positive draw_id:text party:text r:hash",
    "reveals-closed": "draw:positive draw_id:text roster:natural parties:mixed[] beacon_round:positive",
    "result": "draw:positive draw_id:text reveals_closed:natural beacon_round:positive signature:point "
    "seed:hash tiers:drawn[] size:natural sha256:hash root:hash",
    "void": "draw:positive draw_id:text cause:text reason:text",
    "alternate": "draw:positive draw_id:text date:positive first:positive last:natural",
    "close-out": "draw:positive draw_id:text rows:natural redeemed:natural{} returned:natural{}",
    "ledger": "rows:positive hash:hash",
}
PARTS = {  # 3, 5, 6: what stands within
    "prize": "tier:positive name:text count:positive currency:text alternates:natural "
    "amount:positive? deck:deck?",
    "deck": "sum:positive least:positive most:positive size:positive sha256:hash",
    "cap": "draws:positive[] prizes:positive",
    "promise": "round:text entries:entry[] channels:natural[]? apart:bool?",
    "entry": "when:when tickets:natural",
    "exclusions": "count:natural commitment:hash",
    "window": "valid_from_ms:natural valid_until_ms:natural zone:text",
    "chain": "scheme:text public_key:key genesis_ms:natural period_ms:positive chain_hash:hash",
    "files": "SPEC.md:hash verify.py:hash",
    "layout": "width:positive fields:text[][]",
    "count": "name:text op:text",
    "by": "name:text op:text fields:text[]",
    "bits": "name:text op:text field:text",
    "popcount": "name:text op:text field:text",
    "sum": "name:text op:text field:text by:text[]?",
    "chains": "length:positive commitments:hash[]",
    "share": "round:text seal:natural tickets:natural",
    "mixed": "party:text revealed:bool value:hash",
    "drawn": "tier:positive winners:natural alternates:natural skipped:natural cutoff:text",
    "manifest": "schema:text show:text rehearsal:bool files:listed[]",
    "listed": "path:text size:natural sha256:hash",
    "counters": "counters:positive{} recount:positive{}",
}
ROW_HEAD, ROW_TAIL = struct.Struct(">I10sIQIQIQIQI"), struct.Struct(">IQ")  # 9: each part after its length
PLACE = struct.Struct(">QI")  # 8: place and ticket of a rank
HEX = {"hash": 64, "point": 96, "key": 192}


class Fail(Exception):
    """A check that failed."""


def need(holds: Any, what: str) -> None:
    if not holds:
        raise Fail(what)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def strict(text: bytes) -> Any:  # 1: canonical JSON
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len(dict(found)) == len(found), "a key stands twice")
        return dict(found)

    def gate(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                need(key.isascii(), f"key {key!r} is not ASCII")
                gate(inner)
        elif isinstance(value, list):
            for inner in value:
                gate(inner)
        elif isinstance(value, str):
            need(unicodedata.is_normalized("NFC", value), "text not in NFC")
        else:
            need(isinstance(value, int) and abs(value) < 2**53, "not an integer within 2^53-1")

    value = json.loads(text.decode(), object_pairs_hook=pairs)
    gate(value)
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    need(written.encode() == text, "JSON not in canonical form")
    return value


def tree(hashes: list[bytes]) -> bytes:  # 2: Merkle trees
    if not hashes:
        return sha(b"")
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1 :]
        hashes = [sha(b"\1" + hashes[i] + hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)] + odd
    return hashes[0]


def file_root(body: bytes, record: int) -> str:
    step = 512 * record
    return tree([sha(b"\0" + body[at : at + step]) for at in range(0, len(body), step)]).hex()


def aes(key: bytes, place: Any, ticket: Any) -> Any:
    blocks = np.empty((len(place), 2), ">u8")
    blocks[:, 0], blocks[:, 1] = place, ticket
    encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305
    return np.frombuffer(encryptor.update(blocks.tobytes()), ">u8").reshape(-1, 2)


class Bundle:
    def __init__(self, files: dict[str, bytes], key: str) -> None:
        self.key, self.files = key, files
        self.rounds: dict[str, dict[str, Any]] = {}
        self.draws: dict[int, dict[str, Any]] = {}
        self.roll_ups: dict[int, str] = {}

    def manifest(self) -> str:  # 3
        self.listing = strict(self.files["MANIFEST.json"])
        is_a(self.listing, "manifest", "MANIFEST.json")
        paths = [item["path"].encode() for item in self.listing["files"]]
        need(paths == sorted(paths), "MANIFEST.json is not sorted by path")
        listed = {item["path"]: item for item in self.listing["files"]}
        odd = sorted(set(listed) ^ (set(self.files) - {"MANIFEST.json"}))
        need(not odd and len(listed) == len(self.listing["files"]), f"listed or present, not both: {odd[:1]}")
        for path, item in listed.items():
            same = len(self.files[path]) == item["size"] and sha(self.files[path]).hex() == item["sha256"]
            need(same, f"{path} is not the file that was listed")
        need(self.listing["schema"] == "gala/bundle/1", "MANIFEST.json is of no bundle of version 1")
        return f"{len(listed)} files"

    def log(self) -> str:  # 4: signed checkpoint, tiles, entries
        vkey = self.files["keys.txt"].decode().removesuffix("\n")
        need(self.files["keys.txt"] == f"{vkey}\n".encode(), "keys.txt")
        need(self.key in ("", vkey), "keys.txt is not the key you know")
        name, _, kind, _ = verifier_key(vkey)
        need(kind == 1, "keys.txt: not a key that signs")
        self.signer, note = vkey, self.files["log/checkpoint"].decode()
        text, found = signatures(note, vkey)
        need(len(found) == 1 and note.count("\n— ") == 1, "log/checkpoint: the log's signature, and no other")
        signed(vkey, found[0], text.encode())
        text = text[:-1]
        origin, size, root = text.split("\n")
        need(origin == name and re.fullmatch("0|[1-9][0-9]*", size), "log/checkpoint: origin or size")
        self.origin, self.bodies, expected = origin, [], set()
        for bundle in range(-(-int(size) // 256)):
            width = min(256, int(size) - 256 * bundle)
            path = tile("entries", bundle, width)
            need(path in self.files, f"{path} is missing")
            content, at = self.files[path], 0
            for _ in range(width):
                length = int.from_bytes(content[at : at + 2], "big")
                self.bodies.append(content[at + 2 : at + 2 + length])
                at += 2 + length
            need(at == len(content), f"{path} holds other entries than its width")
            expected.add(path)
        hashes, level = [sha(b"\0" + body) for body in self.bodies], 0
        need(base64.b64encode(tree(hashes)).decode() == root, "the entries do not give the signed root")
        while hashes:
            rows = [hashes[at : at + 256] for at in range(0, len(hashes), 256)]
            for n, row in enumerate(rows):
                path = tile(str(level), n, len(row))
                need(self.files.get(path) == b"".join(row), f"{path} is not what the entries give")
                expected.add(path)
            hashes, level = [tree(row) for row in rows if len(row) == 256], level + 1
        self.expected = expected | {
            "MANIFEST.json",
            "keys.txt",
            "log/checkpoint",
            "prizes.csv",
            "ledger.csv",
            "SPEC.md",
            "verify.py",
        }
        return f"{origin}, {size} leaves"

    def history(self) -> str:  # 5: what may follow what
        self.evening = strict(self.bodies[0])
        shaped(self.evening)
        need(self.evening["schema"] == "gala/evening/1" and self.evening["origin"] == self.origin, "leaf 0")
        need(self.evening["algorithm"] == "gala-draw/1" and self.evening["show"], "leaf 0")
        for name in ("show", "rehearsal"):
            need(self.listing[name] == self.evening[name], "MANIFEST.json speaks of another evening")
        for index, body in enumerate(self.bodies[1:], 1):
            leaf = strict(body)
            try:
                kind = shaped(leaf)
                leaf["index"] = index
                self.follow(kind, leaf)
            except (Fail, KeyError, ValueError, TypeError) as error:
                raise Fail(f"leaf {index} {leaf.get('schema')}: {error}") from error
        rehearsal = ", a REHEARSAL" if self.evening["rehearsal"] else ""
        return f"{len(self.rounds)} rounds, {len(self.draws)} draws{rehearsal}"

    def witness(self) -> str:  # 8: who vouches for "before"
        known = sorted({key for draw in self.draws.values() for key in draw["spec"]["witnesses"]})
        hashes = [sha(b"\0" + body) for body in self.bodies]
        self.cosigned: list[tuple[int, str, int]] = []
        for path in sorted(path for path in self.files if path.startswith("witness/")):
            note = self.files[path].decode()
            text, found = signatures(note, self.signer)
            need(len(found) == 1, f"{path}: the log's signature")
            signed(self.signer, found[0], text.encode())
            size, lines = int(path[8:]), 1
            need(path == f"witness/{size}" and 0 < size <= len(hashes), f"{path}: size")
            root = base64.b64encode(tree(hashes[:size])).decode()
            need(text == f"{self.origin}\n{size}\n{root}\n", f"{path}: not these first {size} leaves")
            for key in known:
                need(len(signatures(note, key)[1]) < 2, f"{path}: a witness stands twice")
                for blob in signatures(note, key)[1]:
                    at = int.from_bytes(blob[:8], "big")
                    signed(key, blob[8:], f"cosignature/v1\ntime {at}\n{text}".encode())
                    self.cosigned.append((size, key, at))
                    lines += 1
            need(note.count("\n— ") == lines > 1, f"{path}: by nobody known, or by somebody unknown")
            self.expected.add(path)
        told = []
        for number, draw in self.draws.items():
            closed, void = draw.get("reveals-closed"), draw.get("void")
            vouched = [self.vouched(draw, leaf) for leaf in (closed, void)]
            asks = [closed is not None and "result" in draw, void is not None and void["cause"] == "director"]
            lacks = any(ask and not has for ask, has in zip(asks, vouched, strict=True))
            need(self.evening["rehearsal"] or not lacks, f"draw {number} is UNWITNESSED, and no rehearsal")
            need(
                void is None or void["cause"] != "unwitnessed" or not vouched[0],
                f"draw {number} was witnessed",
            )
            told += [f"draw {number} UNWITNESSED (a rehearsal)"] if lacks else []
        return ", ".join([f"{len(self.cosigned)} cosignatures", *told])

    def vouched(self, draw: dict[str, Any], leaf: dict[str, Any] | None) -> bool:
        return leaf is not None and any(
            size > leaf["index"] and key in draw["spec"]["witnesses"] and at * 1000 < decides_ms(draw)
            for size, key, at in self.cosigned
        )

    def follow(self, kind: str, leaf: dict[str, Any]) -> None:
        if kind == "ledger":
            need(leaf["rows"] > max(self.roll_ups, default=0), "a roll-up that does not grow")
            self.roll_ups[leaf["rows"]] = leaf["hash"]
        elif kind in ("open", "lock", "settle", "part", "seal", "round-void"):
            self.follow_round(kind, leaf)
        elif kind == "spec":
            self.follow_spec(leaf)
        else:
            draw = self.draws[leaf["draw"]]
            need(leaf["draw_id"] == draw["spec"]["draw_id"], "the draw_id of another draw")
            self.follow_draw(kind, leaf, draw)

    def follow_spec(self, leaf: dict[str, Any]) -> None:
        rehearsal, prizes, budget = self.evening["rehearsal"], leaf["prizes"], Counter[str]()
        need(leaf["draw"] == len(self.draws) + 1, "draws are numbered without a gap")
        need(leaf["draw_id"] == f"{self.evening['show']}/draw/{leaf['draw']}", "draw_id")
        need(leaf["rehearsal"] == rehearsal and leaf["algorithm"] == "gala-draw/1", "not of this evening")
        need(
            prizes and [prize["tier"] for prize in prizes] == list(range(1, len(prizes) + 1)), "prizes: tiers"
        )
        for prize in prizes:
            worth = "deck" if "deck" in prize else "amount"
            need(("deck" in prize) != ("amount" in prize), "a prize has an amount or a deck")
            if worth == "deck":
                deck, count = prize["deck"], prize["count"]
                need(count * deck["least"] <= deck["sum"] <= count * deck["most"], "a deck's sum")
                need(prize["alternates"] == 0, "alternates of a deck")
            need((prize["currency"] == "XTS") == rehearsal, "XTS is for rehearsals, and only it")
            need(re.fullmatch("[A-Z]{3}", prize["currency"]), "no currency code")
            budget[prize["currency"]] += (
                prize["deck"]["sum"] if worth == "deck" else prize["count"] * prize["amount"]
            )
        need(budget == leaf["budget"], "the budget is not the sum of the prizes")
        chain, window = leaf["beacon"], leaf["window"]
        framed = bytes.fromhex(chain["public_key"]) + b"".join(
            chain[name].to_bytes(8, "big") for name in ("genesis_ms", "period_ms")
        )
        local = (
            chain["scheme"] == QUICKNET["scheme"]
            and chain["chain_hash"] == sha(b"gala/rehearsal-chain/1\0" + framed).hex()
        )
        need(local if rehearsal else chain == QUICKNET, "not the beacon of such an evening")
        need(len(set(leaf["parties"])) == len(leaf["parties"]) >= 2, "at least two parties")
        need(
            leaf["reserve_rounds"] and leaf["reserve_rounds"] == sorted(set(leaf["reserve_rounds"])),
            "reserve rounds",
        )
        need(leaf["eligibility"] in ("number", "account"), "eligibility")
        need(window["valid_from_ms"] < window["valid_until_ms"], "an empty window")
        dates, over, out = leaf["alternates_at_ms"], leaf["cap"]["draws"], leaf["exclusions"]
        need(dates == sorted(set(dates)) and all(at < window["valid_until_ms"] for at in dates), "dates")
        need(over and over == sorted(set(over)) and over[-1] == leaf["draw"], "the cap's draws")
        need(len(over) == 1 or leaf["cap"]["prizes"] <= 255, "a cap over several draws is above 255")
        need((out["count"] == 0) == (out["commitment"] == "0" * 64), "exclusions")
        need(not out["count"] or leaf["eligibility"] == "account", "exclusions need the eligibility account")
        need(rehearsal or leaf["witnesses"], "a show's draw names its witnesses")
        need(len(set(leaf["witnesses"])) == len(leaf["witnesses"]), "a witness stands twice")
        need(all(verifier_key(key)[2] == 4 for key in leaf["witnesses"]), "a key that does not cosign")
        for item in leaf["rounds"]:
            channels = item.get("channels", [0])
            need(are_channels(channels), "channels")
            need("apart" not in item or (item["apart"] and "channels" in item), "apart")
        named = [item["round"] for item in leaf["rounds"]]
        most = sum(rule["tickets"] for item in leaf["rounds"] for rule in item["entries"])
        need(most <= 65535, "one viewer could earn more than 65535 tickets")
        need(
            len(set(named)) == len(named) and not set(named) & set(self.rounds), "a round that opened before"
        )
        self.draws[leaf["draw"]] = {"spec": leaf, "commits": {}, "reveals": {}, "dates": []}

    def counting(self, draw: dict[str, Any]) -> dict[str, dict[str, Any]]:
        found = {}
        for item in draw["spec"]["rounds"]:
            name = item["round"]
            while name in self.rounds and "rerun" in self.rounds[name]:
                name = self.rounds[name]["rerun"]
            if name in self.rounds and "round-void" not in self.rounds[name]:
                found[name] = self.rounds[name]
        return found

    def follow_round(self, kind: str, leaf: dict[str, Any]) -> None:
        name = leaf["round"]
        if kind == "open":
            need(
                name not in self.rounds and leaf["rehearsal"] == self.evening["rehearsal"],
                "opened before, or elsewhere",
            )
            before = original = leaf.get("rerun_of", name)
            need(
                before == name or (before in self.rounds and "rerun" not in self.rounds[before]),
                "cannot repeat that round",
            )
            while original in self.rounds and "rerun_of" in self.rounds[original]["open"]:
                original = self.rounds[original]["open"]["rerun_of"]
            for draw in self.draws.values():
                named = {item["round"]: item["entries"] for item in draw["spec"]["rounds"]}
                promised = [named[original]] if original in named else []
                need(before == name or name not in named, "a rerun that a spec names")
                need(not promised or promised == [leaf["entries"]], "other entry rules than were promised")
                need(not promised or before == name or "roster" not in draw, "a rerun after the roster")
            need(("game" in leaf) == ("settings" in leaf), "a game without settings")
            if before != name:
                self.rounds[before]["rerun"] = name
            slots = np.zeros(0, layout(leaf))
            self.count(leaf, slots)
            for rule in leaf["entries"]:
                matches(rule["when"], slots, 0)
            if "chains" in leaf:
                length, commitments = leaf["chains"]["length"], leaf["chains"]["commitments"]
                need(length <= 4096 and 1 <= len(commitments) <= 256, "length or number of chains")
            self.rounds[name] = {"open": leaf}
            return
        found = self.rounds[name]
        need(
            kind not in found and (kind in ("lock", "round-void") or "lock" in found),
            "not in the order open, lock, settle, seal",
        )
        if kind == "seal":
            self.follow_chains(found["open"].get("chains"), leaf.get("heads"))
        if kind in ("seal", "part"):
            shown = {"withheld_mac"} if leaf["plays"] < 20 else {"size", "sha256", "root"}
            told = set(leaf) & {"withheld_mac", "size", "sha256", "root"}
            need(told == shown, f"a {kind} of {leaf['plays']} plays that tells {sorted(told)}")
        for n, draw in self.draws.items():
            if name in [item["round"] for item in draw.get("roster", {"rounds": []})["rounds"]]:
                later = kind in ("part", "seal") and self.named(draw, name).get("apart")
                need(later, f"after the roster of draw {n}")
        if kind == "part":
            need(are_channels(leaf["channels"]), "channels")
            taken = {one for other in found.get("parts", []) for one in other["channels"]}
            need(not taken & set(leaf["channels"]), "a channel in two parts of a box")
            need("seal" not in found and "round-void" not in found, "a part of what is sealed or void")
            found["parts"] = [*found.get("parts", []), leaf]
            return
        found[kind] = leaf

    def named(self, draw: dict[str, Any], name: str) -> dict[str, Any]:
        """What a draw's spec says of a round or of what it reruns."""
        while "rerun_of" in self.rounds[name]["open"]:
            name = self.rounds[name]["open"]["rerun_of"]
        return next(item for item in draw["spec"]["rounds"] if item["round"] == name)

    def follow_chains(self, chains: Any, heads: Any) -> None:  # 6: chains of keys
        need((chains is None) == (heads is None), "heads without chains, or chains without heads")
        if chains is None:
            return
        need(len(heads) == len(chains["commitments"]), "heads")
        for channel, head in enumerate(heads):
            key, c = bytes.fromhex(head), bytes([channel])
            for i in reversed(range(chains["length"])):
                key = sha(b"gala/whack/1\0" + c + i.to_bytes(4, "big") + key)
            opened = sha(b"gala/whack-commitment/1\0" + c + key).hex()
            need(opened == chains["commitments"][channel], f"the head of channel {channel} opens nothing")

    def follow_end(self, kind: str, leaf: dict[str, Any], draw: dict[str, Any]) -> None:
        if kind == "alternate":
            dates, done = draw["spec"]["alternates_at_ms"], draw["dates"]
            need("result" in draw and "close-out" not in draw and leaf["date"] == len(done) + 1, "date")
            need(leaf["date"] <= len(dates) and leaf["at_ms"] >= dates[leaf["date"] - 1], "no such date yet")
            need(leaf["first"] >= 1 and leaf["last"] >= leaf["first"] - 1, "rows")
            done.append(leaf)
            return
        need(kind not in draw, "twice")
        if kind == "close-out":
            need("result" in draw or "void" in draw, "before the end")
        else:
            closed, at, decides = "reveals-closed" in draw, leaf["at_ms"], decides_ms(draw)
            need(
                (leaf["cause"] == "director" and at < decides)
                or (leaf["cause"] == "lapsed" and not closed and at + 30000 > decides)
                or (
                    leaf["cause"] == "unwitnessed"
                    and closed
                    and at >= decides
                    and not self.evening["rehearsal"]
                ),
                f"void by {leaf['cause']}",
            )
        draw[kind] = leaf

    def follow_draw(self, kind: str, leaf: dict[str, Any], draw: dict[str, Any]) -> None:
        spec = draw["spec"]
        need(kind in ("alternate", "close-out") or not {"result", "void"} & set(draw), "after the draw's end")
        if kind in ("void", "alternate", "close-out"):
            self.follow_end(kind, leaf, draw)
            return
        if kind in ("commit", "reveal"):
            party, field = leaf["party"], {"commit": "commitment", "reveal": "r"}[kind]
            value = bytes.fromhex(leaf[field])
            need(
                party in spec["parties"] and party not in draw[f"{kind}s"] and len(value) == 32,
                "not this party's to say",
            )
            need(("roster" in draw) == (kind == "reveal") and "reveals-closed" not in draw, "out of time")
            if kind == "reveal":
                framed = sha(b"gala/draw-id/1\0" + spec["draw_id"].encode()) + sha(
                    b"gala/party/1\0" + party.encode()
                )
                need(
                    sha(b"gala/commit/1\0" + framed + value).hex() == draw["commits"][party],
                    "does not fit the commitment",
                )
            draw[f"{kind}s"][party] = leaf[field]
            return
        after = {"roster": "spec", "reveals-closed": "roster", "result": "reveals-closed"}[kind]
        need(kind not in draw and after in draw, f"not the one {kind} after the {after}")
        if kind == "roster":
            need(set(draw["commits"]) == set(spec["parties"]), "a party has not committed")
            earlier = spec["cap"]["draws"][:-1]
            need(all({"result", "void"} & set(self.draws[n]) for n in earlier), "an earlier draw is not over")
            told = {"won_sha256", "won_total"}
            need(told & set(leaf) == (told if earlier else set()), "what was won before")
            seals = {}
            for name, found in self.counting(draw).items():
                item, sealed = self.named(draw, name), [found["seal"]] if "seal" in found else []
                if "apart" in item:
                    parts = found.get("parts", [])
                    sealed = [part for part in parts if part["channels"] == item["channels"]]
                need(sealed, f"{name} is not sealed")
                seals[name] = sealed[0]["index"]
            need(
                [(item["round"], item["seal"]) for item in leaf["rounds"]] == list(seals.items()),
                "not the sealed rounds",
            )
        elif kind == "reveals-closed":
            mixed = [
                {
                    "party": p,
                    "revealed": p in draw["reveals"],
                    "value": draw["reveals"].get(p, draw["commits"][p]),
                }
                for p in spec["parties"]
            ]
            need(
                leaf["parties"] == mixed and leaf["roster"] == draw["roster"]["index"],
                "not every party as it stands",
            )
            chain = spec["beacon"]
            left = [
                r
                for r in spec["reserve_rounds"]
                if chain["genesis_ms"] + (r - 1) * chain["period_ms"] >= leaf["at_ms"] + 30000
            ]
            need(left[:1] == [leaf["beacon_round"]], "not the first reserve round 30 s later")
        else:
            need(leaf["reveals_closed"] == draw["reveals-closed"]["index"], "follows another leaf")
        draw[kind] = leaf

    def boxes(self) -> str:  # 6: boxes, counters, tickets
        for name, found in self.rounds.items():
            if "seal" not in found:
                continue
            opening, seal, path = found["open"], found["seal"], f"boxes/{name}.counters.json"
            self.expected.add(path)
            need(
                sha(self.files[path]).hex() == seal["counters_sha256"],
                f"{path} is not the file that was sealed",
            )
            tallies = strict(self.files[path])
            is_a(tallies, "counters", path)
            fields = layout(opening)
            most = seal["plays"] * sum(rule["tickets"] for rule in opening["entries"])
            found["tickets"] = None, most
            if seal["plays"] >= 20:
                path = f"boxes/{name}.bin"
                self.expected.add(path)
                box = self.files[path]
                need(
                    len(box) == seal["size"] and sha(box).hex() == seal["sha256"],
                    f"{path} is not the file that was sealed",
                )
                need(file_root(box, opening["layout"]["width"]) == seal["root"], f"{path}: root")
                slots = np.frombuffer(box, fields)
                need(len(slots) == seal["plays"] and slots["seq"].all(), f"{path}: plays")
                counted = self.count(opening, slots)
                need(counted == tallies["recount"], f"round {name}: the recount is not what the box gives")
                settled = found["settle"]["settled"] if "settle" in found else None
                earned = np.zeros(len(slots), np.int64)
                for rule in opening["entries"]:
                    earned += matches(rule["when"], slots, settled) * np.int64(rule["tickets"])
                found["tickets"], found["channel"] = (earned, most), slots["channel"]
                for leaf in found.get("parts", []):
                    self.part(leaf, slots[np.isin(slots["channel"], leaf["channels"])])
            early = sum(leaf["plays"] for leaf in found.get("parts", []))
            need(early <= seal["plays"], f"round {name}: parts with more plays than their box")
            need(
                seal["recount_equal"] == (tallies["counters"] == tallies["recount"]),
                f"round {name}: recount_equal",
            )
            need(seal["recount_equal"], f"round {name}: the counters shown differ from the recount")
        return f"{sum('seal' in found for found in self.rounds.values())} sealed rounds, recounts equal"

    def part(self, leaf: dict[str, Any], slots: Any) -> None:
        """What was sealed of some channels early is what the box holds of them."""
        content, whose = slots.tobytes(), f"round {leaf['round']}: the part of channels {leaf['channels']}"
        need(leaf["plays"] == len(slots), f"{whose} holds {leaf['plays']} plays, not {len(slots)}")
        if len(slots) >= 20:
            said, root = (leaf["size"], leaf["sha256"], leaf["root"]), file_root(content, slots.itemsize)
            need(said == (len(content), sha(content).hex(), root), f"{whose} is not what the box holds")

    def count(self, opening: dict[str, Any], slots: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        for rule in opening["counts"]:
            name, op = rule["name"], rule["op"]
            column = slots[rule["field"]].astype(np.uint64) if "field" in rule else slots["seq"]
            if op == "count":
                found[name] = len(slots)
            elif op == "by":
                joined = join(slots, rule["fields"])
                small = joined.dtype == np.uint16
                times = np.bincount(joined) if small else np.unique(joined, return_counts=True)[1]
                values = np.flatnonzero(times) if small else np.unique(joined)
                for value, count in zip(values.tolist(), times[times > 0].tolist(), strict=True):
                    found[part(slots, rule["fields"], name, value)] = count
            elif op == "bits":
                for bit in range(slots[rule["field"]].dtype.itemsize * 8):
                    found[f"{name}/{bit}"] = int(np.count_nonzero(column >> np.uint64(bit) & np.uint64(1)))
            else:
                need(op in ("sum", "popcount"), f"no count {op}")
                values = np.bitwise_count(column).astype(np.uint64) if op == "popcount" else column
                high, low = values >> np.uint64(32), values & np.uint64(0xFFFFFFFF)  # their sums have room
                if op == "sum" and "by" in rule and len(slots):
                    joined = join(slots, rule["by"])
                    order = np.argsort(joined)
                    keys, starts = np.unique(joined[order], return_index=True)
                    sums = [np.add.reduceat(half[order], starts).tolist() for half in (high, low)]
                    for key, above, below in zip(keys.tolist(), *sums, strict=True):
                        found[part(slots, rule["by"], name, key)] = (above << 32) + below
                elif "by" not in rule:
                    found[name] = (int(high.sum()) << 32) + int(low.sum())
        return {key: found[key] for key in found if found[key]}

    def draw(self, number: int) -> str:  # 7: roster; 8: seed, ranking, result
        draw, spec = self.draws[number], self.draws[number]["spec"]
        for name, digest in spec["files"].items():
            need(sha(self.files[name]).hex() == digest, f"{name} is not the one the spec promised")
        for prize in spec["prizes"]:
            if "deck" in prize:
                self.deck(number, prize)
        if "roster" not in draw:
            return "not frozen yet"
        leaf, path, flags_path = draw["roster"], f"draws/{number}/roster.bin", f"draws/{number}/eligible.bin"
        self.expected |= {path, flags_path}
        roster, flags = self.files[path], self.files[flags_path]
        need(len(roster) == leaf["size"] and sha(roster).hex() == leaf["sha256"], f"{path} is not its leaf's")
        need(sha(flags).hex() == leaf["eligible_sha256"], f"{flags_path} is not its leaf's")
        tickets = np.frombuffer(roster, ">u2", offset=64).astype(np.int64)
        draw_id = sha(b"gala/draw-id/1\0" + spec["draw_id"].encode())
        numbers = len(tickets).to_bytes(8, "big") + int(tickets.sum()).to_bytes(8, "big")
        need(
            roster[:64] == b"GALAROST" + bytes([0, 0, 0, 1]) + draw_id + numbers + bytes(4), f"{path}: header"
        )
        bits = np.unpackbits(np.frombuffer(flags, np.uint8)).astype(bool)
        need(len(flags) == -(-len(tickets) // 8) and not bits[len(tickets) :].any(), f"{flags_path}: length")
        eligible = bits[: len(tickets)]
        need(
            tickets.all() and (eligible.all() or spec["eligibility"] == "account"),
            f"{path}: an empty or barred place",
        )
        times = np.bincount(tickets)
        spread = [[value, int(times[value])] for value in np.flatnonzero(times).tolist()]
        said = (
            file_root(roster[64:], 2),
            len(tickets),
            int(tickets.sum()),
            int(eligible.sum()),
            int(tickets[eligible].sum()),
            spread,
        )
        names = ("root", "places", "tickets_total", "eligible_places", "eligible_tickets", "histogram")
        need(
            said == tuple(leaf[name] for name in names),
            f"draw {number}: the roster's leaf differs from its file",
        )
        least, most, total = 0, 0, 0
        for item in leaf["rounds"]:
            found = self.rounds[item["round"]]
            need("seal" in found, f"round {item['round']} was drawn from, and its box not sealed")
            earned, bound = found["tickets"]
            channels = self.named(draw, item["round"]).get("channels")
            if earned is not None and channels is not None:
                earned = earned * np.isin(found["channel"], channels)
            need(0 <= item["tickets"] <= bound, f"round {item['round']} cannot give so many tickets")
            holders = found["seal"]["plays"] if earned is None else int(np.count_nonzero(earned))
            least, most, total = (
                max(least, 0 if earned is None else holders),
                most + holders,
                total + item["tickets"],
            )
            need(
                earned is None or int(earned.sum()) == item["tickets"],
                f"round {item['round']} gives other tickets",
            )
            if earned is not None and len(leaf["rounds"]) == 1:
                need(
                    np.array_equal(np.sort(earned[earned > 0]), np.sort(tickets)),
                    f"draw {number}: the roster spreads its tickets otherwise than its box",
                )
        need(total == leaf["tickets_total"], f"draw {number}: the roster is not the sum of its boxes")
        minutes = [at_ms for at_ms, _ in leaf["issued"]]
        need(
            minutes == sorted(set(minutes))
            and not any(at_ms % 60_000 or not count for at_ms, count in leaf["issued"])
            and sum(count for _, count in leaf["issued"]) == leaf["numbers_count"],
            f"draw {number}: the numbers issued by the minute are not all numbers",
        )
        need(least <= len(tickets) <= min(most, leaf["numbers_count"]), f"draw {number}: places")
        won = self.won(number, spec, leaf, len(tickets))
        return (
            self.result(number, draw, tickets, eligible, won)
            if "result" in draw
            else f"{total} tickets, not drawn yet"
        )

    def deck(self, number: int, prize: dict[str, Any]) -> None:
        said, path = prize["deck"], f"draws/{number}/deck-{prize['tier']}.bin"
        self.expected.add(path)
        content = self.files[path]
        need(content and len(content) % 16 == 0, f"{path}: size")
        amounts, counts = np.frombuffer(content, ">u8").reshape(-1, 2).T.tolist()
        need(amounts == sorted(set(amounts), reverse=True), f"{path}: the amounts do not fall")
        need(min(amounts) > 0 and min(counts) > 0, f"{path}: an empty card")
        total = sum(amount * count for amount, count in zip(amounts, counts, strict=True))
        found = {"sum": total, "least": amounts[-1], "most": amounts[0]}
        found |= {"size": len(content), "sha256": sha(content).hex()}
        need(said == found and sum(counts) == prize["count"], f"{path} is not the deck of its spec")

    def won(self, number: int, spec: dict[str, Any], leaf: dict[str, Any], count: int) -> Any:
        earlier, path = spec["cap"]["draws"][:-1], f"draws/{number}/won.bin"
        need(bool(earlier) == ("won_sha256" in leaf) == ("won_total" in leaf), f"draw {number}: won before")
        if not earlier:
            return np.zeros(count, np.uint8)
        self.expected.add(path)
        won = np.frombuffer(self.files[path], np.uint8)
        need(sha(self.files[path]).hex() == leaf["won_sha256"], f"{path} is not its leaf's")
        results = [self.draws[one]["result"] for one in earlier if "result" in self.draws[one]]
        most = sum(tier["winners"] for result in results for tier in result["tiers"])
        need(len(won) == count and int(won.sum()) == leaf["won_total"] <= most, f"{path}: length or total")
        return won

    def result(self, number: int, draw: dict[str, Any], tickets: Any, eligible: Any, before: Any) -> str:
        spec, leaf, closed = draw["spec"], draw["result"], draw["reveals-closed"]
        signature, chosen = bytes.fromhex(leaf["signature"]), closed["beacon_round"]
        key = bytes.fromhex(spec["beacon"]["public_key"])
        need(
            len(signature) == 48 and not signature[0] & 64 and len(key) == 96 and not key[0] & 64,
            "the point at infinity",
        )
        point = BlstP1Element.hash_to_group(
            sha(chosen.to_bytes(8, "big")), b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
        )
        left = miller_loop(BlstP1Element.uncompress(signature), BlstP2Element.uncompress(bytes.fromhex(G2)))
        need(
            final_verify(left, miller_loop(point, BlstP2Element.uncompress(key))),
            f"draw {number}: the beacon's signature",
        )
        leaves = b"".join(sha(b"\0" + self.bodies[one["index"]]) for one in (spec, draw["roster"], closed))
        source = bytes.fromhex(spec["beacon"]["chain_hash"]) + chosen.to_bytes(8, "big") + signature
        seed = sha(b"gala/seed/1\0" + leaves + source)
        won = before.astype(np.int64)
        ranking, tiers = b"", []
        for prize in spec["prizes"]:
            tier_key = hmac.digest(seed, b"gala/tier/1\0" + prize["tier"].to_bytes(2, "big"), "sha256")
            capped = int(np.count_nonzero(eligible & (won >= spec["cap"]["prizes"])))
            reach = prize["count"] + prize["alternates"] + capped
            places, ticket, scores = lowest(tier_key, tickets, eligible, reach)
            winners = np.flatnonzero(won[places] < spec["cap"]["prizes"])[: prize["count"]]
            taken = int(winners[-1]) + 1 if len(winners) == prize["count"] else len(places)
            won[places[winners]] += 1
            alternates = np.arange(taken, min(taken + prize["alternates"], len(places)))
            shown = np.concatenate([winners, alternates])
            records = np.empty(len(shown), [("place", ">u8"), ("ticket", ">u4"), ("score", "V16")])
            records["place"], records["ticket"] = places[shown], ticket[shown]
            records["score"] = scores[shown].astype(">u8").view("V16")[:, 0]
            ranking += records.tobytes()
            cutoff = records["score"][len(winners) - 1].tobytes().hex() if len(winners) else ""
            tiers.append(
                {
                    "tier": prize["tier"],
                    "winners": len(winners),
                    "alternates": len(alternates),
                    "skipped": taken - len(winners),
                    "cutoff": cutoff,
                }
            )
        path = f"draws/{number}/ranking.bin"
        need(self.files[path] == ranking, f"{path} is not what the seed gives")
        said = (chosen, seed.hex(), tiers, len(ranking), sha(ranking).hex(), file_root(ranking, 28))
        names = ("beacon_round", "seed", "tiers", "size", "sha256", "root")
        need(
            said == tuple(leaf[name] for name in names),
            f"draw {number}: the result's leaf differs from the draw",
        )
        beacon = {
            "chain": spec["beacon"],
            "rehearsal": spec["rehearsal"],
            "round": chosen,
            "signature": leaf["signature"],
            "randomness": sha(signature).hex(),
        }
        told = json.dumps(beacon, sort_keys=True, separators=(",", ":")).encode()
        need(self.files[f"draws/{number}/beacon.json"] == told, f"draws/{number}/beacon.json")
        self.expected |= {path, f"draws/{number}/beacon.json"}
        return f"{sum(tier['winners'] for tier in tiers)} winners of {len(tickets)} places"

    def money(self) -> str:  # 9: prizes and ledger
        rows = self.files["ledger.csv"].decode().split("\n")
        need(rows[0] == LEDGER and rows[-1] == "", "ledger.csv: header or last line")
        self.held, self.states, self.spendable = Counter[Any](), dict[Any, tuple[str, int]](), set[Any]()
        self.names: dict[Any, str] = {}  # ids of issuing rows that were worked out, by draw, tier, prize
        self.asked, self.returning = list[Any](), None  # rows that must stand next; the last one first
        for number, draw in self.draws.items():
            self.open_books(number, draw)
        logged = [(leaf["index"], n, leaf) for n, draw in self.draws.items() for leaf in draw["dates"]]
        dates = sorted(logged, reverse=True, key=lambda one: (one[2]["first"], one[0]))
        closings = Counter[int]()
        for draw in self.draws.values():
            closings[draw["close-out"]["rows"] if "close-out" in draw else 0] += 1
        begins = {leaf["first"] for _, _, leaf in dates}
        tip = bytes(32)
        stops, last = {*self.roll_ups, *closings, *(first - 1 for first in begins)}, 0
        for seq, row in enumerate(rows[1:-1], 1):
            if seq <= last:
                continue  # read together with the row before
            if seq not in begins and ",reserve,0," in row:
                last, tip = self.issued(rows, seq, tip, stops)
                if last >= seq:
                    continue
            line, _, digest = row.rpartition(",")
            tip = sha(b"gala/ledger/1\0" + tip + line.encode())
            need(tip.hex() == digest, f"row {seq}: hash")
            need(self.roll_ups.get(seq, digest) == digest, f"row {seq}: the log has another hash")
            if seq in begins:
                self.begin_dates(seq, dates)
            try:
                self.row(seq, line)
            except (Fail, KeyError, IndexError) as error:
                raise Fail(f"row {seq}: {error}") from error
            if closings[seq]:
                self.close_out(seq)
        count = len(rows) - 2
        self.begin_dates(count + 1, dates)
        need(count == max(self.roll_ups, default=0), "the last roll-up has another count of rows")
        need(not dates and not self.asked and not self.returning, f"row {count + 1} must follow and does not")
        for number, draw in self.draws.items():
            need("close-out" not in draw or draw["over"], f"the books of draw {number} do not close")
            for tier in draw["tiers"].values() if self.begun(number) else ():
                for prize in range(len(tier["faces"])):
                    subject = (number, tier["tier"], prize, 0)
                    paid = self.states.get(subject, ("reserved", 0))[0] != "reserved"
                    need(paid, f"the winning rank of voucher {subject} was paid nothing")
                back = self.held[(number, tier["tier"]), "leftover"]
                need(back == tier["left"], f"draw {number}: what nobody won did not return")
        need(self.files["prizes.csv"] == self.prizes(), "prizes.csv is not what the rankings give")
        odd = sorted(self.expected ^ set(self.files))
        need(not odd, f"missing, or no file of this evening: {odd[:1]}")
        return f"{count} rows, {len(self.states)} vouchers"

    def open_books(self, number: int, draw: dict[str, Any]) -> None:
        """By tier: ranks and what they are worth, alternates in order, the budget, and what nobody won."""
        spec, over = draw["spec"], draw["spec"]["cap"]["draws"][:-1]
        content = self.files[f"draws/{number}/ranking.bin"] if "result" in draw else b""
        ranks = [(content[at : at + 12], content[at + 12 : at + 28]) for at in range(0, len(content), 28)]
        draw |= {"tiers": {}, "won": Counter(), "heirs": {}, "done": 0, "over": False}
        draw["before"] = self.files[f"draws/{number}/won.bin"] if over and "roster" in draw else b""
        for prize in spec["prizes"]:
            worth, budget = prize.get("amount"), prize["count"] * prize.get("amount", 0)
            found = {"winners": 0, "alternates": 0}
            if "result" in draw:
                found = draw["result"]["tiers"][prize["tier"] - 1]
            winners, count = found["winners"], found["winners"] + found["alternates"]
            faces = [worth] * winners
            if "deck" in prize:
                deck = np.frombuffer(self.files[f"draws/{number}/deck-{prize['tier']}.bin"], ">u8")
                cards = np.repeat(*deck.reshape(-1, 2).T.astype(np.int64))
                faces, budget = cards[:winners].tolist(), int(cards.sum())
            ended = "result" in draw or "void" in draw
            draw["tiers"][prize["tier"]] = {
                "tier": prize["tier"],
                "currency": prize["currency"],
                "faces": faces,
                "budget": budget,
                "left": budget - sum(faces) if ended else 0,
                "winners": ranks[:winners],
                "spare": ranks[winners:count][::-1],
            }
            draw["won"].update(map(place, ranks[:winners]))
            ranks = ranks[count:]

    def begun(self, number: int) -> bool:
        kinds = ("reserve", "leftover")
        return any(self.held[(number, tier), kind] for tier in self.draws[number]["tiers"] for kind in kinds)

    def begin_dates(self, seq: int, dates: list[Any]) -> None:
        """The rows that fixed dates ask for from row `seq` on. dates: those to come, the next one last."""
        while dates and dates[-1][2]["first"] == seq:
            _, number, leaf = dates.pop()
            draw, where = self.draws[number], f"draw {number} date {leaf['date']}"
            need(not self.asked and not self.returning, f"{where} begins within other rows")
            need(leaf["date"] == draw["done"] + 1 and self.begun(number), f"{where}: before the issue")
            live = [one for one in self.states if one[0] == number and self.states[one][0] == "live"]
            found, at_ms = [], draw["spec"]["alternates_at_ms"][draw["done"]]
            for subject in sorted(live):
                heir, n = self.heir(draw, subject), self.states[subject][1]
                found += [(subject, "expire", n + 1), (subject, "pass" if heir else "return", n + 2)]
                if heir:
                    after = (*subject[:3], subject[3] + 1)
                    found += [(after, "promote", 0), (after, "issue", 1)]
            self.asked = [(at_ms, *one) for one in reversed(found)]
            need(leaf["last"] - seq + 1 == len(found), f"{where} asks for {len(found)} rows")
            draw["done"] += 1

    def heir(self, draw: dict[str, Any], subject: Any) -> Any:
        spare = draw["tiers"][subject[1]]["spare"]
        while spare:
            rank = spare.pop()
            before = draw["before"][place(rank)] if draw["before"] else 0
            if before + draw["won"][place(rank)] < draw["spec"]["cap"]["prizes"]:
                draw["won"][place(rank)] += 1
                draw["heirs"].setdefault(subject[1:3], []).append(rank)
                return rank
        return None

    def row(self, seq: int, line: str) -> None:
        cells = line.split(",")
        kind, n, at_ms, amount = cells[7], int(cells[8]), int(cells[2]), int(cells[11])
        number, of_tier, prize, alternate = subject = tuple(map(int, cells[3:7]))
        names = (number, of_tier, prize, alternate, kind, n)
        parts = (seq, row_id(*names), at_ms, *names, MOVES[kind], amount, cells[12])
        need(line == ",".join(map(str, parts)) and amount > 0 and 0 <= at_ms < 2**53, "malformed")
        draw = self.draws[number]
        tier, group = draw["tiers"][of_tier], (number, of_tier)
        need(
            not draw["over"] and cells[12] == tier["currency"], "after the books closed, or another currency"
        )
        if self.asked:
            (date, *asked) = self.asked.pop()
            need(asked == [subject, kind, n] and at_ms >= date, f"its date asks for {asked}")
        elif self.returning:
            need((subject, kind) == (self.returning, "return"), f"{self.returning} must return here")
            self.returning = None
        else:
            self.by_itself(draw, subject, kind, at_ms)
        if kind in ("fund", "leftover"):
            need((prize, alternate, n) == (0, 0, 0) and not self.held[group, kind], f"{kind} stands once")
            need(amount == tier["budget" if kind == "fund" else "left"], f"{kind} of another amount")
        else:
            state, last = self.states.get(subject, ("none", -1))
            need(f"{state} {kind}" in NEXT and n == last + 1, f"{kind} {n} of a voucher that is {state}")
            need(prize < len(tier["faces"]) and amount == tier["faces"][prize], "no winning rank's voucher")
            need(state != "none" or (kind == "reserve") == (alternate == 0), f"{kind} of such a voucher")
            self.states[subject] = NEXT[f"{state} {kind}"], n
            if kind in ("issue", "rollback"):
                need(subject[:3] not in self.spendable, "a prize with two vouchers")
                self.spendable.add(subject[:3])
            elif kind in ("expire", "lapse", "redeem"):
                self.spendable.remove(subject[:3])
        source, target = MOVES[kind].split(",")
        held = self.held
        need(kind == "fund" or held[group, source] >= amount, f"{source} is short")
        held[group, source] -= amount
        held[group, target] += amount
        held[group, kind] += amount
        need(
            held[group, "issue"] - held[group, "pass"] + held[group, "RESERVED"] <= held[group, "fund"],
            "more than the budget",
        )

    def issued(self, rows: list[str], seq: int, tip: bytes, stops: set[int]) -> tuple[int, bytes]:
        """Reads vouchers issued one after the other, two rows each, as the text they must be; nearly all of a
        big ledger is such rows. Up to one of `stops`. The last row so read, and its hash."""
        at_ms, number, of_tier, first = map(int, rows[seq].split(",")[2:6])
        draw, key, held = self.draws[number], (number, of_tier), self.held
        tier, spot, row_hash = draw["tiers"][of_tier], seq, tip
        if (
            draw["over"]
            or self.asked
            or self.returning
            or not 0 <= at_ms < 2**53
            or min(number, of_tier, first) < 0
        ):
            return seq - 1, tip
        of, front = f",{at_ms},{number},{of_tier},", framed(b"gala/row/1", u64(number), u64(of_tier))
        backs = [framed(u64(0), b"reserve", u64(0)), framed(u64(0), b"issue", u64(1))]
        texts = [",0,reserve,0,BUDGET,RESERVED,", ",0,issue,1,RESERVED,ISSUED,"]
        room, currency, eight, sha256 = (
            held[key, "BUDGET"],
            tier["currency"],
            bytes([0, 0, 0, 8]),
            hashlib.sha256,
        )
        for prize, face in enumerate(tier["faces"][first:], first):
            one = (number, of_tier, prize)
            if spot in stops or spot + 1 in stops or spot + 2 >= len(rows) or (*one, 0) in self.states:
                break
            right, middle = face <= room and one not in self.spendable, eight + prize.to_bytes(8, "big")
            for n in (0, 1):
                name = sha256(front + middle + backs[n]).hexdigest()[:32]
                line = f"{spot + n},{name}{of}{prize}{texts[n]}{face},{currency}"
                row_hash = sha256(b"gala/ledger/1\0" + row_hash + line.encode()).digest()
                right = right and rows[spot + n] == f"{line},{row_hash.hex()}"
            if not right:
                break
            self.states[*one, 0] = "live", 1
            self.spendable.add(one)
            self.names[one] = name
            room, spot, tip = room - face, spot + 2, row_hash
        moved, held[key, "BUDGET"] = held[key, "BUDGET"] - room, room
        for what in ("ISSUED", "reserve", "issue"):
            held[key, what] += moved
        exposed = held[key, "issue"] - held[key, "pass"] + held[key, "RESERVED"]
        need(exposed <= held[key, "fund"], f"row {spot - 1}: more than the budget")
        return spot - 1, tip

    def by_itself(self, draw: dict[str, Any], subject: Any, kind: str, at_ms: int) -> None:
        """A row that no fixed date asked for, held against the times of its draw."""
        dates, window = draw["spec"]["alternates_at_ms"], draw["spec"]["window"]
        until_ms, rest = window["valid_until_ms"], dates[draw["done"] :]
        need(kind not in ("promote", "pass", "return"), f"{kind} that no date asks for")
        if kind == "claim":
            need(at_ms < until_ms and (not rest or at_ms < rest[0]), "claimed too late")
        elif kind == "redeem":
            need(window["valid_from_ms"] <= at_ms < until_ms, "redeemed outside the window")
        elif kind in ("expire", "lapse"):
            need(at_ms >= until_ms and not rest, "expired before its time")
            self.returning = subject

    def close_out(self, seq: int) -> None:
        for number, draw in self.draws.items():
            leaf = draw.get("close-out", {"rows": 0})
            if leaf["rows"] != seq:
                continue
            totals = {name: dict.fromkeys(draw["spec"]["budget"], 0) for name in ("redeemed", "returned")}
            for of_tier, tier in draw["tiers"].items():
                for account in ("BUDGET", "RESERVED", "ISSUED", "CLAIMED", "EXPIRED", "ALTERNATE"):
                    need(not self.held[(number, of_tier), account], f"row {seq}: {account} of draw {number}")
                for name, found in totals.items():
                    found[tier["currency"]] += self.held[(number, of_tier), name.upper()]
            need(totals == {name: leaf[name] for name in totals}, f"close-out of draw {number}: {totals}")
            for currency, budget in draw["spec"]["budget"].items():
                given = totals["redeemed"][currency] + totals["returned"][currency]
                need(given == budget, f"close-out of draw {number}: {given} of {budget}")
            done = "void" in draw or draw["done"] == len(draw["spec"]["alternates_at_ms"])
            need(done, f"close-out of draw {number} before its dates")
            draw["over"] = True

    def prizes(self) -> bytes:
        lines = [PRIZES]
        for number, draw in self.draws.items():
            for of_tier, tier in draw["tiers"].items():
                for prize, (winner, face) in enumerate(zip(tier["winners"], tier["faces"], strict=True)):
                    for alternate, rank in enumerate([winner, *draw["heirs"].get((of_tier, prize), ())]):
                        of, ticket, score = *PLACE.unpack(rank[0]), rank[1].hex()
                        known = "" if alternate else self.names.get((number, of_tier, prize), "")
                        voucher = known or row_id(number, of_tier, prize, alternate, "issue", 1)
                        lines.append(
                            f"{number},{of_tier},{prize},{alternate},{of},{ticket},{score},"
                            f"{face},{tier['currency']},{voucher}"
                        )
        return ("\n".join(lines) + "\n").encode()


def place(rank: tuple[bytes, bytes]) -> int:
    return int(PLACE.unpack(rank[0])[0])


def decides_ms(draw: dict[str, Any]) -> int:  # 8: when the beacon speaks that decides a draw
    chain, last = draw["spec"]["beacon"], draw["spec"]["reserve_rounds"][-1]
    chosen = draw["reveals-closed"]["beacon_round"] if "reveals-closed" in draw else last
    return int(chain["genesis_ms"] + (chosen - 1) * chain["period_ms"])


def verifier_key(text: str) -> tuple[str, bytes, int, bytes]:  # 4: name, id, kind, Ed25519 public key
    name, key_id, encoded = text.split("+", 2)
    key = base64.b64decode(encoded, validate=True)
    need(
        base64.b64encode(key).decode() == encoded and len(key) == 33 and name.split() == [name], f"key {name}"
    )
    need(sha(name.encode() + b"\n" + key)[:4].hex() == key_id, f"key {name}: its id")
    return name, bytes.fromhex(key_id), key[0], key[1:]


def signatures(note: str, key: str) -> tuple[str, list[bytes]]:  # 4: a note's text, what a key put under it
    name, key_id, _, _ = verifier_key(key)
    text, gap, lines = note.rpartition("\n\n")
    need(gap and lines.endswith("\n"), "no signatures")
    found = []
    for line in lines[:-1].split("\n"):
        dash, of, encoded = line.split(" ")
        blob = base64.b64decode(encoded, validate=True)
        need(dash == "—" and base64.b64encode(blob).decode() == encoded, "a malformed signature line")
        if of == name and blob[:4] == key_id:
            found.append(blob[4:])
    return f"{text}\n", found


def signed(key: str, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(verifier_key(key)[3]).verify(signature, message)
    except InvalidSignature as error:
        raise Fail(f"wrong signature of {verifier_key(key)[0]}") from error


def shaped(leaf: dict[str, Any]) -> str:
    kind: str = leaf["schema"].removeprefix("gala/").removesuffix("/1")
    need(leaf["schema"] == f"gala/{kind}/1" and kind in SHAPES, "unknown leaf")
    holds(leaf, f"schema:text at_ms:natural {SHAPES[kind]}", kind)
    return kind


def are_channels(found: list[int]) -> bool:
    return bool(found) and found == sorted(set(found)) and found[-1] <= 255


def holds(value: Any, members: str, where: str) -> None:
    """An object with exactly these members."""
    need(type(value) is dict, f"{where} is no object")
    kinds = dict(member.split(":") for member in members.split())
    odd = sorted(set(value) - set(kinds)) + [k for k in kinds if k not in value and kinds[k][-1] != "?"]
    need(not odd, f"{where}: {odd[:1]} is missing, or a member too many")
    for name, one in value.items():
        is_a(one, kinds[name].rstrip("?"), f"{where} {name}")


def is_a(value: Any, kind: str, where: str) -> None:
    if kind[-2:] == "[]":
        need(type(value) is list, f"{where} is no list")
        for at, one in enumerate(value):
            is_a(one, kind[:-2], f"{where}[{at}]")
    elif kind[-2:] == "{}":
        need(type(value) is dict, f"{where} is no object")
        for name, one in value.items():
            is_a(one, kind[:-2], f"{where}.{name}")
    elif kind in PARTS:
        op = value.get("op") if kind == "count" and type(value) is dict else None
        holds(value, PARTS[op if op in ("by", "bits", "popcount", "sum") else kind], where)
    elif kind == "when" and type(value) is list and value[:1] == ["and"]:
        for one in value[1:]:
            is_a(one, "when", where)
    elif kind == "when":
        right = type(value) is list and len(value) == 3 and value[0] in ("eq", "ge", "popcount_ge")
        need(right and type(value[1]) is str, f"{where} is no condition")
        is_a(0 if value[2] == "@settled" else value[2], "natural", where)
    elif kind in ("natural", "positive"):
        need(type(value) is int and value >= (kind == "positive"), f"{where} is not {kind}")
    elif kind in HEX:
        hexed = isinstance(value, str) and re.fullmatch("[0-9a-f]*", value)
        need(hexed and len(value) == HEX[kind], f"{where} is no {kind}")
    else:
        need(type(value) is {"text": str, "bool": bool, "any": dict}[kind], f"{where} is no {kind}")


def layout(opening: dict[str, Any]) -> Any:
    pairs = opening["layout"]["fields"]
    need([tuple(pair) for pair in pairs[:3]] == [("seq", "u16"), ("channel", "u8"), ("flags", "u8")], "head")
    need({kind for _, kind in pairs} <= {"u8", "u16", "u32", "u64"} and all(f for f, _ in pairs), "fields")
    fields = np.dtype([(field, f">u{int(kind[1:]) // 8}") for field, kind in pairs])
    need(opening["layout"]["width"] == fields.itemsize, "width")
    names = [rule["name"] for rule in opening["counts"]]
    need(
        len(set(names)) == len(names) and not any("/" in name for name in names),
        "a count's name twice, or with a slash",
    )
    for rule in opening["counts"]:
        bits = [fields[field].itemsize * 8 for field in rule.get("fields", rule.get("by", ["seq"]))]
        need(0 < sum(bits) <= 64, "a count by nothing, or by more than 64 bits")
    return fields


def join(slots: Any, fields: list[str]) -> Any:
    """The fields of each slot side by side in one number."""
    bits = sum(slots[field].dtype.itemsize * 8 for field in fields)
    joined: Any = slots[fields[0]].astype(np.uint16 if bits <= 16 else np.uint64)
    for field in fields[1:]:
        joined = joined << joined.dtype.type(slots[field].dtype.itemsize * 8) | slots[field].astype(
            joined.dtype
        )
    return joined


def part(slots: Any, fields: list[str], name: str, joined: int) -> str:
    """The name of a counter of these fields' values, which `join` has joined."""
    values = []
    for field in reversed(fields):
        wide = slots[field].dtype.itemsize * 8
        values.append(str(joined & (1 << wide) - 1))
        joined >>= wide
    return "/".join([name, *reversed(values)])


def spread(places: Any, tickets: Any) -> tuple[Any, Any, Any]:
    """A row for every ticket: its place, its number; and at which row each place begins."""
    starts = np.cumsum(tickets) - tickets
    return np.repeat(places, tickets), np.arange(int(tickets.sum())) - np.repeat(starts, tickets), starts


def lowest(key: bytes, tickets: Any, eligible: Any, reach: int) -> tuple[Any, Any, Any]:  # 8: ranking
    """The best ticket of at least `reach` eligible places, or of all: places, tickets, scores; best first."""
    best, step = np.empty(len(tickets), np.uint64), 1 << 13

    def stretch(first: int) -> None:
        held = tickets[first : first + step]
        places, ticket, starts = spread(np.arange(first, first + len(held)), held)
        best[first : first + step] = np.minimum.reduceat(
            aes(key, places, ticket)[:, 0].astype(np.uint64), starts
        )

    with ThreadPoolExecutor() as threads:
        list(threads.map(stretch, range(0, len(tickets), step)))
    pool = np.flatnonzero(eligible)
    if reach < len(pool):
        pool = pool[best[pool] <= np.partition(best[pool], reach - 1)[reach - 1]]
    places, ticket, _ = spread(pool, tickets[pool])
    scores = aes(key, places, ticket).astype(np.uint64)
    order = np.lexsort((scores[:, 1], scores[:, 0]))
    order = order[np.sort(np.unique(places[order], return_index=True)[1])]
    return places[order], ticket[order], scores[order]


def matches(when: Any, slots: Any, settled: int | None) -> Any:
    if when[0] == "and":
        parts = [matches(part, slots, settled) for part in when[1:]]
        return np.logical_and.reduce([np.ones(len(slots), bool), *parts])
    op, field, value = when
    need(op in ("eq", "ge", "popcount_ge"), f"no condition {op}")
    value = settled if value == "@settled" else value
    if value is None:
        return np.zeros(len(slots), bool)
    need(isinstance(value, int) and 0 <= value < 2**64, "a condition's value")
    column = slots[field]
    if op == "popcount_ge":
        return np.bitwise_count(column) >= value
    return column == value if op == "eq" else column >= value


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def framed(*parts: bytes) -> bytes:
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def row_id(draw: int, tier: int, prize: int, alternate: int, kind: str, n: int) -> str:
    word = kind.encode()
    head = ROW_HEAD.pack(10, b"gala/row/1", 8, draw, 8, tier, 8, prize, 8, alternate, len(word))
    return sha(head + word + ROW_TAIL.pack(8, n)).hex()[:32]


def tile(level: str, index: int, width: int) -> str:
    head, groups = index // 1000, [f"{index % 1000:03d}"]
    while head:
        head, groups = head // 1000, [f"x{head % 1000:03d}", *groups]
    return f"log/tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


def verify(folder: Path, key: str = "") -> tuple[bool, list[str]]:
    """Whether all checks pass, and a line for each up to the first that fails."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return verify_files({path.relative_to(folder).as_posix(): path.read_bytes() for path in found}, key)


def verify_files(files: dict[str, bytes], key: str = "") -> tuple[bool, list[str]]:
    bundle, told = Bundle(files, key), []
    checks: list[Any] = [
        ("manifest", bundle.manifest),
        ("log", bundle.log),
        ("history", bundle.history),
        ("witness", bundle.witness),
        ("boxes", bundle.boxes),
    ]
    name = ""
    try:
        for name, check in checks:
            told.append(f"PASS  {name}: {check()}")
        for number in bundle.draws:
            name = f"draw {number}"
            told.append(f"PASS  {name}: {bundle.draw(number)}")
        name = "money"
        told.append(f"PASS  {name}: {bundle.money()}")
    except Fail as failure:
        return False, [*told, f"FAIL  {name}: {failure}"]
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        ArithmeticError,
        struct.error,
        RecursionError,
    ) as error:
        return False, [*told, f"FAIL  {name}: malformed: {error!r}"]
    return True, told


if __name__ == "__main__":
    arguments = sys.argv[1:]
    known = arguments.pop(arguments.index("--key") + 1) if "--key" in arguments[:-1] else ""
    where = [argument for argument in arguments if argument != "--key"] or [str(Path(__file__).parent)]
    if not Path(where[0]).is_dir():
        sys.exit(f"usage: verify.py [FOLDER] [--key KEY]; {where[0]} is no folder")
    gc.disable()  # hundreds of thousands of rows, and nothing among them that only points at itself
    good, lines = verify(Path(where[0]), known)
    print("\n".join(lines))
    sys.exit(0 if good else 1)
