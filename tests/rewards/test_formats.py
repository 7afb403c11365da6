"""Canonical JSON, Merkle trees, notes and tiles: published vectors first, then the laws."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.log import canonical, merkle, tiles
from rewards.log.note import BadNote, Checkpoint, Signer, Verifier, read
from rewards.verify import strict

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(
    lambda text: unicodedata.normalize("NFC", text)
)
KEY = st.text(st.characters(max_codepoint=127), max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-(2**53 - 1), 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)

# RFC 8785 section 3.2.2: the string and the literals of its sample object.
RFC_8785_IN = r'{"string": "\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/", "literals": [true, false]}'
RFC_8785_OUT = '{"literals":[true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'

# The trees of the Certificate Transparency reference tests (merkle_tree_test.cc), as used for RFC 6962.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_PATH_0_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]

# The worked example of Go's golang.org/x/mod/sumdb/note, the origin of C2SP signed-note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
    "b6KE6RyyBwJnAM=\n"
)
# C2SP tlog-checkpoint, its example.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
# RFC 8032 section 7.1, test 1.
RFC_8032_SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
RFC_8032_PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_canonical_json_is_that_of_rfc_8785() -> None:
    assert canonical.encode(json.loads(RFC_8785_IN)).decode() == RFC_8785_OUT


@given(VALUES)
def test_canonical_bytes_give_their_value_back_in_both_verifiers(value: Any) -> None:
    text = canonical.encode(value)
    assert canonical.decode(text) == value
    assert strict(text) == value


@pytest.mark.parametrize(
    "value", [1.5, None, 2**53, -(2**53), "e\u0301", {"é": 1}, "\ud800", {"a": [{"b": None}]}, b"", {1: 2}]
)
def test_what_two_languages_could_write_differently_is_refused(value: object) -> None:
    with pytest.raises(canonical.NotCanonical):
        canonical.encode(value)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"01",
        b"null",
        b'"\\u0041"',
        b"\xff",
        b"[" * 99999,
    ],
)
def test_bytes_that_are_not_the_canonical_form_are_refused(text: bytes) -> None:
    with pytest.raises(canonical.NotCanonical):
        canonical.decode(text)


def test_roots_and_paths_are_those_of_the_reference_trees() -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in CT_LEAVES]
    assert [merkle.root(hashes[: n + 1]).hex() for n in range(8)] == CT_ROOTS
    assert [step.hex() for step in merkle.inclusion(hashes, 0)] == CT_PATH_0_8
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_proof_of_every_tree_up_to_33_leaves_verifies_and_no_other() -> None:
    hashes = [merkle.leaf_hash(bytes([n])) for n in range(33)]
    roots = [merkle.root(hashes[:n]) for n in range(34)]
    for size in range(1, 34):
        for index in range(size):
            proof = merkle.inclusion(hashes[:size], index)
            assert merkle.verify_inclusion(hashes[index], index, size, proof, roots[size])
            assert not merkle.verify_inclusion(hashes[index], index, size, [*proof, hashes[0]], roots[size])
            assert (
                not merkle.verify_inclusion(hashes[index], (index + 1) % size, size, proof, roots[size])
                or size == 1
            )
            assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, proof, roots[size])
        for old in range(1, size + 1):
            proof = merkle.consistency(hashes[:size], old)
            assert merkle.verify_consistency(old, size, roots[old], roots[size], proof)
            assert not merkle.verify_consistency(old, size, merkle.leaf_hash(b"other"), roots[size], proof)
            assert not merkle.verify_consistency(old, size, roots[old], merkle.leaf_hash(b"other"), proof)
            assert not merkle.verify_consistency(old, size, roots[old], roots[size], [*proof, hashes[0]])


def test_the_published_note_opens_and_no_other_text_does() -> None:
    verifier = Verifier.parse(NEUMANN)
    assert str(verifier) == NEUMANN
    assert read(NEUMANN_NOTE, verifier).startswith("If you think")
    for broken in (
        NEUMANN_NOTE.replace("answer", "Answer"),
        NEUMANN_NOTE.replace("x08g", "x08h"),
        NEUMANN_NOTE[:-1],
    ):
        with pytest.raises(BadNote):
            read(broken, verifier)


def test_the_published_checkpoint_reads_and_writes_the_same() -> None:
    checkpoint = Checkpoint.parse(SOFA)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == SOFA
    for broken in (
        SOFA.replace("20852163", "020852163"),
        SOFA.replace("q2I=", "q2J="),
        "\n" + SOFA,
        "a\n1\n",
    ):
        with pytest.raises(BadNote):
            Checkpoint.parse(broken)


def test_keys_are_those_of_rfc_8032_and_sign_notes_that_open() -> None:
    signer = Signer("gala/short", bytes.fromhex(RFC_8032_SECRET))
    assert signer.verifier.public.hex() == RFC_8032_PUBLIC
    note = signer.sign("text\n\nwith a gap\n")
    assert read(note, signer.verifier) == "text\n\nwith a gap\n"
    assert read(note + "— other.example AAAAAAAA\n", signer.verifier) == "text\n\nwith a gap\n"
    with pytest.raises(BadNote):
        read(note, Verifier("gala/other", signer.verifier.public))
    assert RFC_8032_SECRET not in repr(signer)


def test_tile_paths_are_those_of_the_specification() -> None:
    assert tiles.path("entries", 1234067, 8) == "tile/entries/x001/x234/067.p/8"
    assert tiles.path("0", 1234067, 256) == "tile/0/x001/x234/067"
    assert tiles.path("1", 0, 1) == "tile/1/000.p/1"


@settings(max_examples=15)
@given(st.integers(0, 700) | st.sampled_from([255, 256, 257, 512]), st.binary(max_size=3))
def test_the_entries_of_any_log_are_read_back_from_its_tiles(size: int, salt: bytes) -> None:
    leaves = [salt + bytes([n % 256]) * (n % 5) for n in range(size)]
    files = tiles.files(leaves)
    assert tiles.read(files, size) == leaves
    for path in files:
        if "entries" in path:
            with pytest.raises(tiles.BadTiles, match=path):
                tiles.read({**files, path: files[path][:-1]}, size)
