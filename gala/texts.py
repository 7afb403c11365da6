"""What phones read, by content hash: one small JSON file a segment, all languages in it, and its pictures.

A hash is told when the segment comes into sight: a text's by the show, a picture's by the text. It covers a
secret, so nobody can ask for what is still to come by guessing the words or holding the same picture.
"""

import hashlib
import hmac

import msgspec

from gala.protocol import ChannelView, ChoiceText, SegmentText, ShowText
from gala.rundown import Rundown, Segment
from gala.rundown.pictures import media_type


class Picture(msgspec.Struct, frozen=True):
    """A picture as it is served."""

    content: bytes
    media_type: str


class Texts:
    """The texts of one rundown. `secret` is the same on every edge of the show."""

    def __init__(self, rundown: Rundown, secret: bytes) -> None:
        self._hash: dict[str, str] = {}
        self._files: dict[str, bytes] = {}
        self._pictures: dict[str, Picture] = {}
        shown = {path: self._add_picture(content, secret) for path, content in rundown.pictures.items()}
        show = ShowText(
            name=rundown.name,
            zone=rundown.zone,
            languages=list(rundown.languages),
            currency=rundown.currency,
            starts_at_ms=rundown.starts_at_ms,
            channels=[
                ChannelView(id=channel.id, name=channel.name, delay_ms=channel.delay_ms)
                for channel in rundown.channels
            ],
            accounts=any(draw.accounts for segment in rundown.segments for draw in segment.draws),
        )
        self._add("", msgspec.json.encode(show), secret)
        for segment in rundown.segments:
            self._add(segment.id, msgspec.json.encode(_segment_text(segment, shown)), secret)

    def _add(self, segment_id: str, text: bytes, secret: bytes) -> None:
        name = hmac.digest(secret, b"gala/text/1\0" + text, hashlib.sha256).hex()[:32]
        self._hash[segment_id] = name
        self._files[name] = text

    def _add_picture(self, content: bytes, secret: bytes) -> str:
        name = hmac.digest(secret, b"gala/picture/1\0" + content, hashlib.sha256).hex()[:32]
        self._pictures[name] = Picture(content, media_type(content))
        return name

    def hash_of(self, segment_id: str) -> str:
        """The hash of a segment's texts; of the show's own for ""."""
        return self._hash[segment_id]

    def file(self, name: str) -> bytes | None:
        """The JSON of that hash."""
        return self._files.get(name)

    def picture(self, name: str) -> Picture | None:
        """The picture of that hash."""
        return self._pictures.get(name)


def _segment_text(segment: Segment, pictures: dict[str, str]) -> SegmentText:
    """`pictures`: the hash of each by its path."""
    choices = getattr(segment.game.settings, "choices", ()) if segment.game is not None else ()
    return SegmentText(
        title=segment.title,
        card=segment.card,
        question=segment.question,
        choices={
            choice.id: ChoiceText(
                label=choice.label,
                detail=choice.detail or {},
                shape=choice.shape or "",
                picture=pictures.get(choice.picture or "", ""),
            )
            for choice in choices
        },
    )
