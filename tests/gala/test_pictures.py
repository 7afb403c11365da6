"""Pictures of choices: what the loader takes, and that they are served by a hash nobody can work out.

The rundown is the small one of the tests of rundowns; its first choice shows what a case says.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from rich.console import Console

from gala.rundown import Rundown
from gala.rundown.check import check
from gala.rundown.file import load, read
from gala.rundown.pictures import PICTURE_BYTES_MAX, media_type
from gala.rundown.table import Fault
from gala.store.clients import Clients
from gala.texts import Texts
from tests.conftest import PATIENCE_S
from tests.gala.phones import Phone, Stage, running
from tests.gala.test_rundown import GOOD, SHIPPED

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
WEBP = b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20)
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'

REFUSED_SVG = {
    "a script": (f"{HEAD}<script>1</script></svg>", "script"),
    "a script in a group": (f"{HEAD}<g><script href='#a'/></g></svg>", "script"),
    "a page inside": (f"{HEAD}<foreignObject/></svg>", "foreignObject"),
    "an element of HTML": (f'{HEAD}<img xmlns="http://www.w3.org/1999/xhtml" src="#a"/></svg>', "plain SVG"),
    "a handler": (f'{HEAD}<path onload="alert(1)"/></svg>', "script in `onload`"),
    "an image elsewhere": (f'{HEAD}<image href="https://example.org/a.png"/></svg>', "must be in the file"),
    "an older link": (f'{HEAD}<use xlink:href="other.svg#a"/></svg>', "must be in the file"),
    "a link that runs": (f'{HEAD}<a href=" javascript:alert(1)"/></svg>', "must be in the file"),
    "an SVG in a data URL": (
        f'{HEAD}<image href="data:image/svg+xml;base64,AA"/></svg>',
        "must be in the file",
    ),
    "a fill elsewhere": (f"{HEAD}<path fill=\"url( '//example.org/a#b')\"/></svg>", "outside in `fill`"),
    "a style that fetches": (f"{HEAD}<style>a{{fill:url(b.svg#c)}}</style></svg>", "style refers"),
    "a style that imports": (f'{HEAD}<style>@im<!-- -->port "a.css"</style></svg>', "style refers"),
    "a spelt-out style": (f"{HEAD}<style>a{{fill:u\\72l(b.svg)}}</style></svg>", "style refers"),
    "a style sheet": (f"<?xml-stylesheet href='a.css'?>{HEAD}</svg>", "instruction"),
    "entities": (f'<!DOCTYPE svg [<!ENTITY a "b">]>{HEAD}&a;</svg>', "document type"),
    "another root": ('<g xmlns="http://www.w3.org/2000/svg"/>', "root is 'g'"),
    "no SVG at all": ("<html></html>", "plain SVG"),
    "half a drawing": (f"{HEAD}<path>", "is no PNG"),
}


def pictured(written: str) -> str:
    old = 'id = "comets"\n'
    assert GOOD.count(old) == 1
    return GOOD.replace(old, f'{old}picture = "{written}" # here\n')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rundown's folder in another one, with a picture inside and one outside."""
    within = tmp_path / "plan"
    (within / "pictures").mkdir(parents=True)
    (within / "pictures" / "owl.webp").write_bytes(WEBP)
    (tmp_path / "outside.png").write_bytes(PNG)
    (within / "way-out.png").symlink_to(tmp_path / "outside.png")
    return within


def fault(written: str, folder: Path | None) -> Fault:
    """The only fault on the line that says this picture."""
    lines = pictured(written).splitlines()
    faults = read("\n".join(lines).encode(), folder).faults
    [found] = [fault for fault in faults if "# here" in lines[fault.line - 1]]
    assert found.segment == "tetris"
    return found


def evening(folder: Path, picture: bytes = WEBP) -> Rundown:
    (folder / "pictures" / "owl.webp").write_bytes(picture)
    (folder / "evening.toml").write_text(pictured("pictures/owl.webp"))
    return load(folder / "evening.toml")


# ---------------------------------------------------------------- the loader


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("../outside.png", "own folder"),
        ("pictures/../../outside.png", "own folder"),
        ("/etc/hostname", "own folder"),
        ("pictures\\\\owl.webp", "own folder"),
        ("way-out.png", "own folder"),
        ("pictures/eagle.webp", "no file"),
        ("pictures", "no file"),
        ("pictures/owl.webp\\u0000", "null"),
        ("x" * 201, "length <= 200"),
        ("", "length >= 1"),
    ],
)
def test_a_picture_is_a_file_in_the_rundowns_folder_or_a_fault_on_its_line(
    folder: Path, written: str, words: str
) -> None:
    assert words in fault(written, folder).message


def test_a_rundown_that_came_without_a_folder_cannot_show_pictures() -> None:
    assert "beside the rundown's file" in fault("pictures/owl.webp", None).message


def test_a_picture_is_told_by_its_content_and_not_by_its_name(folder: Path) -> None:
    assert [media_type(content) for content in (PNG, JPEG, WEBP)] == ["image/png", "image/jpeg", "image/webp"]
    assert media_type(f"\ufeff<?xml version='1.0'?><!-- x -->{HEAD}</svg>".encode()) == "image/svg+xml"
    for content in (b"", b"GIF89a" + bytes(40), b"RIFF\0\0\0\0WAVE" + bytes(20), b"\0<svg", b"\xff<"):
        (folder / "pictures" / "odd.png").write_bytes(content)
        assert "is no PNG" in fault("pictures/odd.png", folder).message


def test_a_picture_has_at_most_64_kib(folder: Path) -> None:
    big = folder / "pictures" / "big.png"
    big.write_bytes(PNG.ljust(PICTURE_BYTES_MAX, b"\0"))
    assert read(pictured("pictures/big.png").encode(), folder).faults == []
    big.write_bytes(PNG.ljust(PICTURE_BYTES_MAX + 1, b"\0"))
    assert "64 KiB" in fault("pictures/big.png", folder).message


@pytest.mark.parametrize("what", REFUSED_SVG)
def test_an_svg_that_runs_or_fetches_something_is_refused(folder: Path, what: str) -> None:
    drawing, words = REFUSED_SVG[what]
    (folder / "pictures" / "odd.svg").write_text(drawing)
    assert words in fault("pictures/odd.svg", folder).message


def test_an_svg_may_refer_to_itself_and_hold_a_photograph() -> None:
    drawing = (
        f'{HEAD}<style>#hit:target{{fill:url("#glow")}}</style><use xlink:href="#a"/>'
        '<image href="data:image/png;base64,AAAA"/><path fill="url(#glow)"/></svg>'
    )
    assert media_type(drawing.encode()) == "image/svg+xml"


def test_another_picture_makes_another_rundown_and_none_leaves_the_files_own_digest(folder: Path) -> None:
    first, again, other = evening(folder), evening(folder), evening(folder, PNG)
    assert first == again
    assert first.pictures == {"pictures/owl.webp": WEBP}
    assert (
        len({first.digest, other.digest, hashlib.sha256(pictured("pictures/owl.webp").encode()).hexdigest()})
        == 3
    )
    plain = read(GOOD.encode(), folder).rundown
    assert plain is not None
    assert plain.digest == hashlib.sha256(GOOD.encode()).hexdigest()


def test_the_real_evening_shows_its_crews() -> None:
    rundown = load(SHIPPED / "countdown-gala-2019.toml")
    assert len(rundown.pictures) == 4
    assert {media_type(content) for content in rundown.pictures.values()} == {"image/svg+xml"}


# ---------------------------------------------------------------- by hash


def test_a_picture_is_named_by_a_hash_that_its_holder_cannot_work_out(folder: Path) -> None:
    rundown = evening(folder)
    texts, guessed = Texts(rundown, b"secret"), Texts(rundown, b"guess")
    words = json.loads(texts.file(texts.hash_of("tetris")) or b"")
    told = words["choices"]["comets"]["picture"]
    found = texts.picture(told)
    assert found is not None
    assert (found.content, found.media_type) == (WEBP, "image/webp")
    assert guessed.picture(told) is None
    assert texts.picture(hashlib.sha256(WEBP).hexdigest()[:32]) is None
    assert "picture" not in words["choices"]["harbour"], "who shows none says nothing"


def test_no_other_text_tells_a_segments_picture(folder: Path) -> None:
    rundown = evening(folder)
    texts = Texts(rundown, b"secret")
    told = json.loads(texts.file(texts.hash_of("tetris")) or b"")["choices"]["comets"]["picture"].encode()
    for name in ("", *(segment.id for segment in rundown.segments)):
        assert (told in (texts.file(texts.hash_of(name)) or b"")) == (name == "tetris")


@pytest.fixture
async def stage(clients: Clients, valkey_url: str, folder: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    drawing = f"{HEAD}<circle r='9'/></svg>".encode()
    async with running(valkey_url, tmp_path / "data", rundown=evening(folder, drawing)) as stage:
        yield stage


async def test_both_listeners_serve_it_for_ever_as_what_it_is_and_as_nothing_else(stage: Stage) -> None:
    phone = await Phone.connect(stage)
    await phone.hear("welcome")  # else the welcome itself may bring what the cue shows
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as http:
        await stage.go("opening.start")
        await stage.go("tetris.start")
        show = await phone.hear("show", lambda show: show.get("segment", {}).get("id") == "tetris")
        async with http.get(f"{stage.url}/texts/{show['segment']['text']}.json") as response:
            name = (await response.json())["choices"]["comets"]["picture"]
        for base in (stage.url, stage.crew_url):
            async with http.get(f"{base}/pictures/{name}") as response:
                assert response.status == 200
                assert await response.read() == stage.evening.edge.rundown.pictures["pictures/owl.webp"]
                assert response.content_type == "image/svg+xml"
                assert "immutable" in response.headers["cache-control"]
                assert response.headers["x-content-type-options"] == "nosniff"
                policy = response.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "sandbox" in policy
            for wrong in ("0" * 32, "pictures%2fowl.webp", "owl.webp"):
                async with http.get(f"{base}/pictures/{wrong}") as response:
                    assert response.status == 404
    await phone.close()


def test_check_finds_the_pictures_beside_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evening(folder)
    assert check(folder / "evening.toml", Console(width=120)) == 0
    (folder / "pictures" / "owl.webp").unlink()
    assert check(folder / "evening.toml", Console(width=120)) == 1
    assert "no file" in capsys.readouterr().out
