"""The pictures of a rundown: files beside it, checked before anybody's phone is sent one.

What a picture is, is said by its content and never by its name. SVG is a document that could fetch and run
things: only drawings without any of that are taken, and what serves them forbids it a second time
(`gala.edge.pages`).
"""

import re
from pathlib import Path
from xml.parsers import expat

from gala.rundown.beside import read_beside

PICTURE_BYTES_MAX = 64 * 1024
"""64 pictures of this size are 4 MiB: what a phone on a full hall's network may be asked to fetch."""

_SVG = "http://www.w3.org/2000/svg "  # as expat writes a name: namespace, space, name
_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
)
_RUNNING = ("script", "foreignobject", "handler", "listener")
_DRAWN_IN = re.compile(r"#|data:image/(png|jpeg|webp);", re.IGNORECASE)
# A backslash could spell any of the others otherwise.
_REACHING = re.compile(r"@import|image-set\(|\\|url\(\s*[\"']?(?!\s|[\"']|#)", re.IGNORECASE)


class Pictures:
    """What the choices of one rundown show. `folder`: the rundown's own; None where it came without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.held: dict[str, bytes] = {}  # by the path as the rundown writes it

    def take(self, written: str) -> None:
        """Reads and checks one; ValueError says what is wrong with it."""
        if written not in self.held:
            content = self._read(written)
            media_type(content)
            self.held[written] = content

    def _read(self, written: str) -> bytes:
        return read_beside(self._folder, written, PICTURE_BYTES_MAX, "a picture", "pictures/owl.webp")


def media_type(content: bytes) -> str:
    """``image/png`` and the like, by the content; ValueError if it is none that we show."""
    for signature, name in _SIGNATURES:
        if signature.match(content):
            return name
    if b"<" not in content[:512]:
        raise ValueError("is no PNG, JPEG, WebP or SVG picture")
    _check_svg(content)
    return "image/svg+xml"


def _check_svg(content: bytes) -> None:
    """ValueError unless it is a drawing that runs nothing and fetches nothing."""
    styles: list[str] = []
    open_tags: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if not tag.startswith(_SVG):
            raise ValueError(f"SVG with an element of something else, {tag!r}: save it as plain SVG")
        name = tag.removeprefix(_SVG)
        if not open_tags and name != "svg":
            raise ValueError(f"is XML, but its root is {name!r} and not svg")
        if name.lower() in _RUNNING:
            raise ValueError(f"SVG with {name}, which a picture must not have")
        open_tags.append(name)
        for attribute, value in attributes.items():
            key = attribute.rpartition(" ")[2].lower()
            if key.startswith("on"):
                raise ValueError(f"SVG with a script in `{key}`")
            if key in ("href", "src") and not _DRAWN_IN.match(value.strip()):
                raise ValueError(f"SVG that refers to {value[:60]!r}: what it shows must be in the file")
            if _REACHING.search(value):
                raise ValueError(f"SVG that refers to something outside in `{key}`")

    def end(_tag: str) -> None:
        if open_tags.pop() == "style":
            if _REACHING.search("".join(styles)):
                raise ValueError("SVG whose style refers to something outside")
            styles.clear()

    def text(data: str) -> None:
        if open_tags[-1] == "style":
            styles.append(data)

    def declared(*_said: object) -> None:
        raise ValueError("SVG with a document type or entities: save it without")

    def instructed(target: str, _data: str) -> None:
        raise ValueError(f"SVG with an instruction <?{target}?>: save it without")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = declared
    parser.ProcessingInstructionHandler = instructed
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"is no PNG, JPEG, WebP or SVG picture ({error})") from None
