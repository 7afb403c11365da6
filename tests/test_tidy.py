"""The papers tell the truth, and the source keeps the house's rules: tests that read files and run nothing.

What can be decided by a linter is in pyproject.toml; here stands what no linter knows.
"""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import typer

from gala.cli import app
from gala.crowd.viewer import PLAYED
from gala.rundown.file import load
from gala.settings import Settings
from gala.show.reasons import Reason as CueReason
from gala.timekeeping import StoreTrouble
from games import GAMES
from games.game import Reason as PlayReason

ROOT = Path(__file__).parent.parent
WEB = ROOT / "gala/web/src"
PACKAGES = ("gala", "games", "voting", "rewards")
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text("utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

LINES_MAX = 400
LONGER = {  # how long they may be, and why they are not divided
    "rewards/verify.py": (1310, "travels in the bundle as one file that needs none of the others"),
}
NO_NOUNS = re.compile(
    r"(^|_)(utils?|helpers?|managers?|services?|handlers?|common|misc|processors?|legacy|new|v\d+)(_|$)"
)
WATCHED: set[str] = set()
"""Games the demo's crowd only watches."""


def modules() -> Iterator[Path]:
    """Every Python module of the four packages."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def scripts() -> list[Path]:
    """Every Lua script."""
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.lua"))]


def tracked() -> list[Path]:
    """Every file that is committed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def name_of(path: Path) -> str:
    """A path as people say it, for the names of tests."""
    return path.relative_to(ROOT).as_posix()


def rows(heading: str) -> list[list[str]]:
    """The cells of a table of the README, without its head."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def commands() -> dict[str, set[str]]:
    """Every command there is, by its words (`gala audit verify`), with its options."""

    def leaves(command: Any, words: str) -> dict[str, set[str]]:
        # typer brings a click of its own, so this asks a command what it has, not what it is
        if hasattr(command, "commands"):
            below = [leaves(inner, f"{words} {word}") for word, inner in command.commands.items()]
            return {name: options for found in below for name, options in found.items()}
        return {words: {option for parameter in command.params for option in parameter.opts}}

    return leaves(typer.main.get_command(app), "gala")


# ---------------------------------------------------------------- papers


def test_the_readme_has_every_setting_with_its_default_and_no_other() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("Settings")}
    assert told == {
        f"GALA_{field.name.upper()}": str(field.default) for field in msgspec.structs.fields(Settings)
    }


def test_every_setting_named_anywhere_in_the_papers_exists() -> None:
    known = {f"GALA_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    for paper in [*PAPERS, ROOT / "Dockerfile", ROOT / "gala/settings.py"]:
        named = set(re.findall(r"GALA_[A-Z_]*[A-Z]", paper.read_text("utf-8")))
        assert named <= known, f"{name_of(paper)} names {named - known}"


def test_the_readme_has_every_command_and_no_other() -> None:
    told = {re.sub(r" [A-Z]+$", "", row[0].strip("`")) for row in rows("Commands")}
    assert told == set(commands())


def test_every_command_and_option_named_in_the_papers_exists() -> None:
    known = commands()
    for paper in PAPERS:
        text = paper.read_text("utf-8")
        for words in re.findall(r"(?:`|^|/)gala ([a-z][a-z ]*[a-z])", text, re.MULTILINE):
            assert any(f"gala {words} ".startswith(f"{name} ") for name in known), (
                f"{name_of(paper)}: gala {words}"
            )
    for row in rows("Commands"):
        options = known[re.sub(r" [A-Z]+$", "", row[0].strip("`"))]
        assert set(re.findall(r"`(--[a-z-]+)", row[1])) <= options, row[0]


def test_every_make_target_named_in_the_papers_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for paper in PAPERS:
        named = set(re.findall(r"(?:`|^)make ([a-z]+)", paper.read_text("utf-8"), re.MULTILINE))
        assert named <= targets, f"{name_of(paper)} names {named - targets}"


@pytest.mark.parametrize("paper", PAPERS, ids=name_of)
def test_every_file_that_a_paper_points_to_is_there(paper: Path) -> None:
    text = paper.read_text("utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if not (paper.parent / link).exists()] == []
    named = re.findall(r"`((?:gala|games|voting|rewards|tests|docs)/[\w./-]+)`", text)
    # the page for authors makes its own game; tests/games/test_adding_a_game.py follows it
    assert [name for name in named if not (ROOT / name).exists() and "cheer" not in name] == []


@pytest.mark.parametrize("paper", sorted(ROOT.glob("docs/decisions/*.md")), ids=name_of)
def test_a_decision_says_why_between_what_and_what_it_costs(paper: Path) -> None:
    parts = re.findall(r"^\*\*(.+?)\.\*\*", paper.read_text("utf-8"), re.MULTILINE)
    required = [part for part in parts if part in ("Context", "Options", "Choice", "What we lose")]
    assert required == ["Context", "Options", "Choice", "What we lose"]


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("language", ["en", "zh_cn", "ar", "es", "th", "sw"])
def test_the_phone_says_every_refusal_in_every_language(language: str) -> None:
    words = (WEB / f"i18n/{language}.ts").read_text("utf-8")
    assert [reason for reason in PlayReason if not re.search(rf"^  {reason}: ", words, re.MULTILINE)] == []


def test_the_console_says_every_refusal_of_a_cue() -> None:
    words = "\n".join(path.read_text("utf-8") for path in sorted(WEB.glob("director/*.ts*")))
    assert [reason for reason in CueReason if not re.search(rf"^  {reason}: ", words, re.MULTILINE)] == []


def test_the_console_says_what_is_the_matter_with_the_store() -> None:
    words = (WEB / "director/health.ts").read_text("utf-8")
    assert [word for word in get_args(StoreTrouble) if word and f"\n  {word}: " not in words] == []


# ---------------------------------------------------------------- games and rundowns


@pytest.mark.parametrize("game", GAMES)
def test_every_game_has_a_page_and_a_crowd_that_plays_or_watches_it(game: str) -> None:
    assert (WEB / f"games/{game}.tsx").is_file()
    register = (WEB / "games/index.ts").read_text("utf-8")
    assert re.search(rf"^  {game}: ", register, re.MULTILINE), "the phone's register of games"
    assert (game in PLAYED) != (game in WATCHED)


@pytest.mark.parametrize("path", sorted(ROOT.glob("gala/rundowns/*.toml")), ids=lambda path: path.stem)
def test_every_rundown_shipped_can_be_played(path: Path) -> None:
    assert load(path).id == path.stem


# ---------------------------------------------------------------- source


@pytest.mark.parametrize("script", scripts(), ids=name_of)
def test_every_script_begins_with_its_contract(script: Path) -> None:
    lines = script.read_text("utf-8").splitlines()
    contract = lines[: next(n for n, line in enumerate(lines) if line[:2] != "--")]
    body = "\n".join(lines[len(contract) :])
    promised = "\n".join(contract)
    assert re.match(r"-- [A-Z].*[^:]$", contract[0]), "what it does, in a sentence"
    assert re.search(r"\bReturns\b", promised)
    for used in sorted(set(re.findall(r"(?:KEYS|ARGV)\[\d+\]", body))):
        assert used in promised, f"{used} is used and not explained"
    for key in sorted(set(re.findall(r"KEYS\[\d+\]", promised))):
        assert f"\n-- {key} " in promised, f"{key} has no line of its own"


def test_no_module_is_longer_than_a_reader_can_bear() -> None:
    for path in modules():
        most = LONGER.get(name_of(path), (LINES_MAX, ""))[0]
        assert len(path.read_text("utf-8").splitlines()) <= most, name_of(path)
    assert all((ROOT / name).is_file() for name in LONGER)


def test_no_module_or_class_is_named_for_want_of_a_noun() -> None:
    for path in modules():
        assert not NO_NOUNS.search(path.stem), name_of(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower()
                assert not NO_NOUNS.search(words), f"{name_of(path)}: {node.name}"


def test_rules_and_books_have_no_clock_and_no_dice_of_their_own() -> None:
    forbidden = {"time", "datetime", "random", "secrets", "uuid"}
    for path in modules():
        if name_of(path).split("/")[0] == "gala":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").split(".")[0]}
            else:
                continue
            assert not names & forbidden, f"{name_of(path)} imports {names & forbidden}"


def test_nothing_is_left_for_later_in_the_source() -> None:
    marks = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"]))
    for path in [*modules(), *scripts(), *(p for p in WEB.rglob("*") if p.suffix in (".ts", ".tsx", ".css"))]:
        found = marks.search(path.read_text("utf-8"))
        assert found is None, f"{name_of(path)}: {found and found[0]}"


def test_what_awaits_in_the_page_tests_lives_in_their_one_loop() -> None:
    """In a loop of its own it would stand still while the test waits for it."""
    for path in sorted((ROOT / "tests/e2e").glob("*.py")):
        alone = re.search(r"^@pytest\.fixture\b.*\nasync def (\w+)", path.read_text("utf-8"), re.MULTILINE)
        assert alone is None, f"{name_of(path)}: {alone and alone[1]} is no pytest_asyncio.fixture"


# ---------------------------------------------------------------- locks


def test_the_python_lock_names_versions_only_and_covers_all_that_is_asked_for() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    pinned = {_plain(line.split("==")[0]) for line in lines}
    project = PYPROJECT["project"]
    asked = [
        *project["dependencies"],
        *(wanted for extra in project["optional-dependencies"].values() for wanted in extra),
        *PYPROJECT["build-system"]["requires"],
    ]
    assert {_plain(re.split(r"[^\w.-]", wanted)[0]) for wanted in asked} <= pinned


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_browser_lock_says_what_and_not_where() -> None:
    lock = (ROOT / "gala/web/package-lock.json").read_text("utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock


def test_no_committed_file_names_a_package_registry() -> None:
    hosts = ["pypi org", "pythonhosted org", "npmjs org", "npmjs com", "npmmirror com", "yarnpkg com"]
    hosts += ["deb debian org", "archive ubuntu com"]  # in pieces, so that this file does not name them
    named = re.compile("|".join(r"\.".join(host.split()) for host in hosts))
    for path in tracked():
        if path.is_file() and path.suffix != ".png":
            found = named.search(path.read_text("utf-8"))
            assert found is None, f"{name_of(path)}: {found and found[0]}"


def test_nothing_built_is_committed() -> None:
    built = re.compile(r"(^|/)(dist|node_modules|__pycache__|\.venv|\.data)/|\.(pyc|whl|map)$")
    assert [name_of(path) for path in tracked() if built.search(name_of(path))] == []
