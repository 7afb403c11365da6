"""With the keys of the places: every viewer's way from box to roster, and each viewer's own proof of it."""

import asyncio
import base64
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rewards.evidence.checks import verify_bundle
from rewards.evidence.proofs import NoProof, Proofs
from rewards.log import merkle, note
from rewards.log.note import Checkpoint
from rewards.rules.boxes import read_numbers, write_numbers
from tests.rewards.evening import Told, begin

Evening = tuple[Path, Told]


@pytest.fixture(scope="module")
def keys(evening: Evening, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The auditor's folder of the evening."""
    target = tmp_path_factory.mktemp("keys") / "keys"

    async def export() -> None:
        register = await begin(evening[0].parent / "register")
        await register.export_keys(target)
        await register.close()

    asyncio.run(export())
    return target


@pytest.fixture
def mine(keys: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(keys, tmp_path / "keys"))


def failing(folder: Path, keys: Path) -> list[str]:
    return [str(check) for check in verify_bundle(folder, keys=keys) if not check.ok]


def test_every_viewer_s_way_from_box_to_roster_is_found_in_order(evening: Evening, keys: Path) -> None:
    checks = {check.name: check for check in verify_bundle(evening[0], keys=keys)}
    assert all(check.ok for check in checks.values())
    assert "kept back" in checks["keys of round short/candy/1"].detail
    assert "each with exactly the tickets" in checks["keys of draw 2"].detail
    with pytest.raises(ValueError, match="is no folder of"):
        verify_bundle(evening[0], keys=evening[0])


def test_the_auditor_s_folder_is_not_written_over_another(evening: Evening, keys: Path) -> None:
    async def again() -> None:
        register = await begin(evening[0].parent / "register")
        try:
            with pytest.raises(FileExistsError):
                await register.export_keys(keys)
        finally:
            await register.close()

    asyncio.run(again())


def another_number(path: Path) -> None:
    numbers = read_numbers(path).copy()
    numbers[0] = 149 if numbers[0] != 149 else 148
    path.write_bytes(write_numbers(numbers))


def swapped(path: Path) -> None:
    numbers = read_numbers(path).copy()
    numbers[[0, 1]] = numbers[[1, 0]]
    path.write_bytes(write_numbers(numbers))


def shorter(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def absent(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("forge", [another_number, swapped, shorter, absent])
@pytest.mark.parametrize("path", ["boxes/short/tetris/2.bin", "draws/1.bin", "kept/short/candy/1.bin"])
def test_numbers_that_are_not_those_that_were_sealed_are_found(
    evening: Evening, mine: Path, forge: Callable[[Path], None], path: str
) -> None:
    if path.startswith("kept") and forge in (another_number, swapped):
        (mine / path).write_bytes(bytes(len((mine / path).read_bytes())))
    else:
        forge(mine / path)
    found = failing(evening[0], mine)
    assert found
    assert all("FAIL  keys of" in line for line in found)


def test_another_key_is_not_the_one_that_was_committed_to(evening: Evening, mine: Path) -> None:
    written = json.loads((mine / "keys.json").read_text())
    written["draws"]["1"] = bytes(32).hex()
    (mine / "keys.json").write_text(json.dumps(written))
    assert failing(evening[0], mine) == [
        "FAIL  keys of draw 1: the key of draw 1 is not the one that was committed to"
    ]


# ---------------------------------------------------------------- a viewer's own proofs


def proofs_of(evening: Evening) -> Proofs:
    return Proofs(evening[0], evening[0].parent / "register")


def verified(proof: dict[str, object], leaf: str, text: str, folder: Path) -> dict[str, object]:
    """The leaf, once its way into the published checkpoint has been walked."""
    index, path, checkpoint = note.read_proof(text)
    assert checkpoint == (folder / "log/checkpoint").read_text()
    signed = Checkpoint.parse(checkpoint.split("\n\n")[0] + "\n")
    assert merkle.verify_inclusion(merkle.leaf_hash(leaf.encode()), index, signed.size, path, signed.root)
    found: dict[str, object] = json.loads(leaf)
    return found


def test_every_viewer_finds_their_own_record_and_the_way_to_the_checkpoint(
    evening: Evening, keys: Path
) -> None:
    proofs, folder = proofs_of(evening), evening[0]
    numbers = read_numbers(keys / "boxes/short/tetris/2.bin")
    box = (folder / "boxes/short/tetris/2.bin").read_bytes()
    for place, number in enumerate(numbers.tolist()):
        proof = proofs.of_round("short/tetris/2", number)
        seal = verified(proof, proof["leaf"], proof["proof"], folder)
        chunk = base64.b64decode(proof["chunk"])
        assert (seal["round"], proof["place"]) == ("short/tetris/2", place)
        assert chunk[5 * place : 5 * place + 5] == box[5 * place : 5 * place + 5]
        path = [bytes.fromhex(step) for step in proof["path"]]
        assert merkle.verify_inclusion(merkle.leaf_hash(chunk), 0, 1, path, bytes.fromhex(str(seal["root"])))
    for place, number in enumerate(read_numbers(keys / "draws/1.bin").tolist()):
        proof = proofs.of_draw(1, number)
        roster = verified(proof, proof["leaf"], proof["proof"], folder)
        result = verified(proof, proof["result"], proof["result_proof"], folder)
        assert (proof["place"], roster["draw"], result["draw"]) == (place, 1, 1)


def test_who_is_not_in_it_is_told_so_and_nobody_else_s_place_is_shown(evening: Evening, keys: Path) -> None:
    proofs = proofs_of(evening)
    played = set(read_numbers(keys / "boxes/short/tetris/2.bin").tolist())
    stranger = next(number for number in range(200) if number not in played)
    for asked, why in (
        (partial(proofs.of_round, "short/tetris/2", stranger), "not_in_it"),
        (partial(proofs.of_round, "short/tetris/2", -1), "not_in_it"),
        (partial(proofs.of_round, "short/candy/1", 0), "kept_back"),
        (partial(proofs.of_round, "short/nothing/1", 0), "unknown_round"),
        (partial(proofs.of_draw, 9, 0), "unknown_draw"),
    ):
        with pytest.raises(NoProof, match=why):
            asked()


def test_before_the_bundle_is_out_there_is_no_proof(evening: Evening, tmp_path: Path) -> None:
    with pytest.raises(NoProof, match="not_published"):
        Proofs(tmp_path / "absent", evening[0].parent / "register").of_draw(1, 0)
    copy = Path(shutil.copytree(evening[0], tmp_path / "bundle"))
    shutil.rmtree(copy / "log/tile/entries")
    with pytest.raises(NoProof, match="not_published"):
        Proofs(copy, evening[0].parent / "register").of_draw(1, 0)
