"""The browser's types are those of the service: the file is written from `gala.protocol`, never by hand."""

from enum import StrEnum
from pathlib import Path

import msgspec

from gala import protocol
from gala.protocol import crew as protocol_crew
from gala.protocol.typescript import typescript, wire

GENERATED = Path(__file__).parents[2] / "gala" / "web" / "src" / "protocol.gen.ts"


def test_the_browsers_types_are_those_of_the_service() -> None:
    assert GENERATED.read_text() == wire(), "stale: gala protocol > gala/web/src/protocol.gen.ts"


def test_every_message_is_declared_with_all_its_fields() -> None:
    written = wire()
    for name, message in (*vars(protocol).items(), *vars(protocol_crew).items()):
        if (
            isinstance(message, type)
            and issubclass(message, protocol.Message)
            and message is not protocol.Message
        ):
            body = written.split(f"export interface {name} {{\n")[1].split("\n}")[0]
            fields = [line.split(":")[0].strip(" ?") for line in body.splitlines() if "/**" not in line]
            assert fields == [field.encode_name for field in msgspec.structs.fields(message)], name


def test_a_list_of_words_becomes_a_type_of_these_words() -> None:
    class Mood(StrEnum):
        """How it went."""

        GLAD = "glad"
        SAD = "sad"

    written = typescript((protocol,), (Mood,))
    assert 'export const MOODS = ["glad", "sad"] as const;' in written
    assert "/** How it went. */" in written
