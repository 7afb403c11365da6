"""What the tool chain makes of the pages: small, complete in itself, built again exactly when needed."""

import gzip
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

WEB = Path(__file__).parents[2] / "gala" / "web"


def load_hook() -> ModuleType:
    """The hook as hatchling loads it: by its path, not as a module of the package."""
    spec = importlib.util.spec_from_file_location("pages_build", WEB / "pages_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    module = load_hook()
    module.build()  # nothing to do after `make pages`
    return module


def built(pattern: str) -> list[Path]:
    found = sorted((WEB / "dist").glob(pattern))
    assert found, pattern
    return found


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v20.19.0", True),
        ("v20.18.3", False),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0\n", True),
        ("v24.19.0", True),
        ("v18.20.4", False),
        ("", False),
    ],
)
def test_only_a_node_that_vite_runs_on_is_taken(hook: ModuleType, version: str, enough: bool) -> None:
    assert hook.node_is_new_enough(version) is enough


def test_built_pages_are_built_again_only_after_a_change(hook: ModuleType) -> None:
    assert hook.build() is False
    stamp = WEB / "dist" / ".built"
    kept = stamp.read_text()
    assert kept == hook.digest(*hook.INPUTS)
    assert kept != hook.digest(*hook.INPUTS[1:])


def test_a_page_asks_nobody_but_its_own_server(hook: ModuleType) -> None:
    for page in built("*.html"):
        links = re.findall(r'(?:src|href)="([^"]+)"', page.read_text())
        assert links
        assert all(link.startswith(("/assets/", "data:")) for link in links), links
    for script in built("assets/*.js") + built("assets/*.css"):
        text = script.read_text()
        assert "sourceMappingURL" not in text
        # Names of XML dialects look like addresses and are none; the other stands in an error's sentence.
        names = {"http://www.w3.org", "https://socket.io"}
        elsewhere = set(re.findall(r"https?://[a-z0-9.-]+", text)) - names
        assert not elsewhere, (script.name, elsewhere)


def test_joining_costs_at_most_150_kb_in_every_language(hook: ModuleType) -> None:
    page = (WEB / "dist" / "viewer.html").read_text()
    needed = [WEB / "dist" / link.lstrip("/") for link in re.findall(r'"(/assets/[^"]+)"', page)]
    assert len(needed) >= 2
    first = len(page) + sum(path.with_name(path.name + ".gz").stat().st_size for path in needed)
    language = max(len(gzip.compress(path.read_bytes())) for path in built("assets/[a-z][a-z]*-*.js"))
    # The show's and the segment's texts, the icon and the first messages are a few kB more.
    assert first + language < 140_000


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert len(lock["packages"]) > 20
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_the_overlay_is_written_in_the_language_of_2020(hook: ModuleType) -> None:
    (script,) = built("assets/overlay-*.js")
    content = script.read_text("utf-8")
    assert len(content) > 10_000
    # what came after: assignments that think, private fields, static blocks, digits in groups
    assert re.findall(r"\?\?=|\|\|=|&&=|\bstatic\s*\{|this\.#\w|\b\d+_\d+\b", content) == []
    (style,) = built("assets/overlay-*.css")
    assert re.findall(r"color-mix|@layer|@container|:has\(|&:", style.read_text("utf-8")) == []
