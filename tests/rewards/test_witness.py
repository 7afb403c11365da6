"""Who vouches for "before": cosignatures over a growing log, and the one outcome a draw has without them.

The draws here are of a real show: quicknet is their beacon, and the round that decides is its round 1000.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import verify
from rewards.arithmetic.beacon import QUICKNET
from rewards.evidence import bundle
from rewards.evidence.checks import verify_bundle
from rewards.keeping.register import Register
from rewards.log import canonical, merkle, note
from rewards.log.note import BadNote, Checkpoint, Cosigner, Signer, Verifier
from rewards.rules import leaves, witness
from rewards.rules.history import BrokenHistory
from rewards.rules.leaves import Prize, TicketRound, Window
from rewards.rules.witness import NotCosigned, Seen, look
from tests.rewards.evening import COUNTS, HOUR, KEYS, POLL, RIGHT, SECRETS, issued, page, spec, tally
from tests.rewards.test_draw import QUICKNET_ROUNDS

DECIDES = 1000
DECIDED_AT = QUICKNET.time_ms(DECIDES)
CLOSED_AT = DECIDED_AT - 40_000
AUDITOR = Cosigner("auditor.example/w1", b"w" * 32)
STRANGER = Cosigner("stranger.example", b"s" * 32)

# C2SP tlog-cosignature, its example: the line, and where its parts stand. Its key is not published there.
SOFA_LINE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ"
    "qhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
SOFA_TIME = 1679315147


@dataclass
class Show:
    """A show with one draw whose reveals are closed, and where its evidence goes."""

    register: Register
    folder: Path
    bundle: Path

    async def verdicts(self) -> tuple[list[str], list[str]]:
        """What both verifiers say is wrong with the evidence as it stands."""
        await self.register.publish(self.bundle, at_ms=DECIDED_AT + HOUR)
        mine = [str(check) for check in verify_bundle(self.bundle) if not check.ok]
        good, told = verify.verify(self.bundle)
        return mine, [] if good else told[-1:]

    async def cosign(self, at_ms: int, by: Cosigner = AUDITOR) -> None:
        checkpoint = await self.register.watched.checkpoint()
        await self.register.watched.cosigned(checkpoint + witness.cosign(checkpoint, by, at_ms // 1000))


async def closed(folder: Path, *, close: bool = True) -> Show:
    register = await Register.open(folder / "register", show="real", rehearsal=False, keys=KEYS)
    real = spec(
        1,
        prizes=[Prize(1, "Gold", 3, 100_00, "CNY", 2)],
        rounds=[TicketRound("real/tetris/1", RIGHT)],
        chain=QUICKNET,
        reserve_rounds=[DECIDES, DECIDES + 100],
        witnesses=[str(AUDITOR.verifier)],
        window=Window(DECIDED_AT + HOUR, DECIDED_AT + 2 * HOUR, "Asia/Shanghai"),
        close_ms=CLOSED_AT,
    )
    await register.specify(real, at_ms=CLOSED_AT - HOUR)
    for party, secret in SECRETS.items():
        sealed = leaves.commitment(leaves.draw_id("real", 1), party, secret)
        await register.commit(1, party, sealed, at_ms=CLOSED_AT - HOUR)
    opening = leaves.RoundOpening(
        "real/tetris/1", POLL, COUNTS, RIGHT, game="poll", settings={"choices": ["a"]}
    )
    await register.round_opened(opening, at_ms=CLOSED_AT - 9000)
    await register.round_locked("real/tetris/1", at_ms=CLOSED_AT - 8000)
    choices: list[int | None] = [1, 2] * 20
    await register.round_sealed("real/tetris/1", [page(choices)], tally(choices), at_ms=CLOSED_AT - 7000)
    await register.freeze(1, issued=issued(40), at_ms=CLOSED_AT - 6000)
    if close:
        for party, secret in SECRETS.items():
            await register.reveal(1, party, secret, at_ms=CLOSED_AT - 5000)
        assert await register.close_reveals(1, at_ms=CLOSED_AT) == DECIDES
    return Show(register, folder / "register", folder / "bundle")


async def drawn(show: Show) -> None:
    await show.register.finish(1, bytes.fromhex(QUICKNET_ROUNDS[DECIDES]), at_ms=DECIDED_AT + 1)
    await show.register.issue(1, at_ms=DECIDED_AT + 2)


async def test_a_draw_that_a_witness_saw_close_before_the_beacon_passes(tmp_path: Path) -> None:
    show = await closed(tmp_path)
    assert await show.register.watched.unwitnessed() != []
    await show.cosign(DECIDED_AT - 1000)
    assert await show.register.watched.unwitnessed() == []
    await drawn(show)
    assert await show.verdicts() == ([], [])
    assert len(list((show.bundle / "witness").iterdir())) == 1
    await show.register.close()


@pytest.mark.parametrize("late_ms", [0, 1000, HOUR])
async def test_a_cosignature_from_the_beacon_s_time_on_vouches_for_nothing(
    tmp_path: Path, late_ms: int
) -> None:
    show = await closed(tmp_path)
    await show.cosign(DECIDED_AT + late_ms)
    await drawn(show)
    mine, other = await show.verdicts()
    assert "UNWITNESSED" in mine[0]
    assert "UNWITNESSED" in other[0]
    # nor does one that was put beside it by hand
    checkpoint = await show.register.watched.checkpoint()
    late = checkpoint + witness.cosign(checkpoint, AUDITOR, (DECIDED_AT + late_ms) // 1000)
    size = Checkpoint.parse(checkpoint.split("\n\n")[0] + "\n").size
    (show.folder / "witness").mkdir(exist_ok=True)
    (show.folder / bundle.witness_path(size)).write_text(late)
    mine, other = await show.verdicts()
    assert "UNWITNESSED" in mine[0]
    assert "UNWITNESSED" in other[0]
    await show.register.close()


async def test_only_a_witness_of_the_spec_and_only_this_log_are_taken(tmp_path: Path) -> None:
    show = await closed(tmp_path)
    with pytest.raises(BadNote, match="known witness"):
        await show.cosign(DECIDED_AT - 1000, STRANGER)
    forged = Signer("gala/real", KEYS.log).sign(Checkpoint("gala/real", 3, bytes(32)).text())
    with pytest.raises(BadNote, match="another tree"):
        await show.register.watched.cosigned(forged + witness.cosign(forged, AUDITOR, 1))
    checkpoint = await show.register.watched.checkpoint()
    with pytest.raises(BadNote, match="wrong signature"):
        await show.register.watched.cosigned(checkpoint + witness.cosign(forged, AUDITOR, 7))
    assert await show.register.watched.unwitnessed() != []
    await show.register.close()


async def test_a_draw_that_nobody_saw_close_can_only_be_void_and_no_other_can(tmp_path: Path) -> None:
    show = await closed(tmp_path)
    with pytest.raises(BrokenHistory, match="void by unwitnessed"):
        await show.register.void(1, "unwitnessed", "nobody was there", at_ms=DECIDED_AT - 1)
    with pytest.raises(BrokenHistory, match="void by lapsed"):
        await show.register.void(1, "lapsed", "too late", at_ms=DECIDED_AT + HOUR)
    await show.register.void(1, "unwitnessed", "nobody was there", at_ms=DECIDED_AT)
    with pytest.raises(BrokenHistory, match="after the end"):
        await drawn(show)
    assert await show.verdicts() == ([], [])
    # had somebody been there, it would be a veto
    leaf = show.register._journal.history.draws[1].stages.index("void")
    note = await cosigned_earlier(show, leaf, DECIDED_AT - 1000)
    (show.folder / "witness").mkdir()
    (show.folder / bundle.witness_path(leaf)).write_text(note)
    mine, other = await show.verdicts()
    assert "cosigned in time" in mine[0]
    assert "witnessed" in other[0]
    await show.register.close()


async def cosigned_earlier(show: Show, size: int, at_ms: int) -> str:
    """The checkpoint of the first leaves, as a witness would have cosigned it."""
    hashes = [bytes.fromhex(line.hash) for line in show.register._journal.lines()]
    text = Checkpoint("gala/real", size, merkle.root(hashes[:size])).text()
    signed = Signer("gala/real", KEYS.log).sign(text)
    return signed + witness.cosign(signed, AUDITOR, at_ms // 1000)


async def test_a_director_may_void_a_draw_under_witness_before_any_beacon_and_not_after(
    tmp_path: Path,
) -> None:
    show = await closed(tmp_path, close=False)
    last = QUICKNET.time_ms(DECIDES + 100)
    with pytest.raises(BrokenHistory, match="void by director"):
        await show.register.void(1, "director", "the host is ill", at_ms=last)
    await show.register.void(1, "director", "the host is ill", at_ms=DECIDED_AT)
    mine, other = await show.verdicts()
    assert "UNWITNESSED" in mine[0]
    assert "UNWITNESSED" in other[0]
    await show.cosign(last - 1000)
    assert await show.verdicts() == ([], [])
    await show.register.close()


async def test_a_draw_without_reveals_by_its_last_reserve_round_lapses(tmp_path: Path) -> None:
    show = await closed(tmp_path, close=False)
    last = QUICKNET.time_ms(DECIDES + 100)
    with pytest.raises(BrokenHistory, match="no reserve round is left"):
        await show.register.close_reveals(1, at_ms=last - 29_999)
    with pytest.raises(BrokenHistory, match="void by lapsed"):
        await show.register.void(1, "lapsed", "the roster came too late", at_ms=last - 30_000)
    await show.register.void(1, "lapsed", "the roster came too late", at_ms=last - 29_999)
    assert await show.verdicts() == ([], [])
    await show.register.close()


def test_cosignatures_are_those_of_the_specification() -> None:
    name, blob = SOFA_LINE[2:-1].split(" ")
    assert (name, int.from_bytes(note._base64(blob)[4:12], "big")) == ("witness.example.com/w1", SOFA_TIME)
    assert len(note._base64(blob)) == 4 + 8 + 64
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert note._cosigned(text, SOFA_TIME).decode() == f"cosignature/v1\ntime 1679315147\n{text}"
    verifier = AUDITOR.verifier
    assert Verifier.parse(str(verifier)) == verifier
    assert verifier.key_id != Verifier(verifier.name, verifier.public).key_id, "another key for another use"
    line = AUDITOR.cosign(text, SOFA_TIME)
    assert note.cosigned_at_s(f"{text}\n{line}", verifier) == SOFA_TIME
    assert note.cosigned_at_s(f"{text}\n{SOFA_LINE}", verifier) is None
    with pytest.raises(BadNote):
        note.cosigned_at_s(f"{text.replace('sofa', 'sofb')}\n{line}", verifier)
    assert "w" * 32 not in repr(AUDITOR)


LOG = Signer("gala/real", b"l" * 32)


def served(hashes: list[bytes]) -> str:
    return LOG.sign(Checkpoint("gala/real", len(hashes), merkle.root(hashes)).text())


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 39))
def test_a_witness_cosigns_what_has_grown_and_nothing_that_was_rewritten(
    old: int, more: int, at: int
) -> None:
    hashes = [merkle.leaf_hash(bytes([n])) for n in range(old + more)]
    seen = look(None, served(hashes[:old]), LOG.verifier, hashes[:old])
    assert look(seen, served(hashes), LOG.verifier, hashes) == Seen(
        "gala/real", old + more, merkle.root(hashes)
    )
    if at < old:
        other = [*hashes[:at], merkle.leaf_hash(b"other"), *hashes[at + 1 :]]
        with pytest.raises(NotCosigned, match="rewritten"):
            look(seen, served(other), LOG.verifier, other)
    if more:
        grown = look(seen, served(hashes), LOG.verifier, hashes)
        with pytest.raises(NotCosigned, match="shrunk"):
            look(grown, served(hashes[:old]), LOG.verifier, hashes)
        with pytest.raises(NotCosigned, match="do not give the root"):
            look(seen, served(hashes), LOG.verifier, [*hashes[1:], hashes[0]])
    stranger = Signer("gala/real", b"x" * 32).sign(Checkpoint("gala/real", 1, bytes(32)).text())
    with pytest.raises(NotCosigned, match="checkpoint"):
        look(seen, stranger, LOG.verifier, hashes)


@given(st.integers(1, 40), st.integers(0, 39))
def test_a_tlog_proof_reads_back_and_verifies(size: int, index: int) -> None:
    hashes = [merkle.leaf_hash(bytes([n])) for n in range(size)]
    at = index % size
    text = note.proof_text(at, merkle.inclusion(hashes, at), served(hashes))
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex ")
    found, path, checkpoint = note.read_proof(text)
    assert (found, checkpoint) == (at, served(hashes))
    assert merkle.verify_inclusion(hashes[at], found, size, path, merkle.root(hashes))
    with_extra = text.replace("\nindex", "\nextra YWJj\nindex", 1)
    assert note.read_proof(with_extra) == (found, path, checkpoint)
    for broken in (text[1:], text.replace("index ", "index 0"), text.split("\n\n")[0]):
        with pytest.raises(BadNote):
            note.read_proof(broken)


def test_a_spec_of_a_show_without_witnesses_is_refused_and_a_signing_key_is_none() -> None:
    prizes = [Prize(1, "Gold", 3, 100_00, "CNY", 2)]
    for keys, why in (
        ([], "names the keys"),
        ([str(LOG.verifier)], "not a key that cosigns"),
        (["nonsense"], "not a verifier key"),
        ([str(AUDITOR.verifier)] * 2, "each once"),
    ):
        with pytest.raises(leaves.BadSpec, match=why):
            spec(1, prizes=prizes, chain=QUICKNET, witnesses=keys).check(rehearsal=False)
    assert canonical.decode(canonical.encode({"witnesses": [str(AUDITOR.verifier)]}))
