"""Texts are asked for by content hash, and a hash cannot be guessed from the words."""

import json

from gala.texts import Texts
from tests.gala.story import SHORT

TEXTS = Texts(SHORT, b"secret")


def test_every_segment_and_the_show_itself_has_a_file_with_all_its_languages() -> None:
    for name in ("", *(segment.id for segment in SHORT.segments)):
        found = TEXTS.file(TEXTS.hash_of(name))
        assert found is not None
        words = json.loads(found)
        assert set(words["name" if not name else "title"]) == set(SHORT.languages)
        assert len(found) < 16_384


def test_a_games_choices_have_their_words_and_shapes_there() -> None:
    words = json.loads(TEXTS.file(TEXTS.hash_of("tetris")) or b"")
    assert words["choices"]["comets"]["label"]["zh-CN"] == "彗星队"
    assert words["choices"]["harbour"]["shape"] == "diamond"


def test_edges_of_one_show_use_the_same_hashes_and_others_cannot_work_them_out() -> None:
    assert Texts(SHORT, b"secret").hash_of("tetris") == TEXTS.hash_of("tetris")
    assert Texts(SHORT, b"guess").hash_of("tetris") != TEXTS.hash_of("tetris")
    assert TEXTS.file("0" * 32) is None
