"""docs/adding-a-game.md, followed to the letter in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "adding-a-game.md").read_text("utf-8")
WEB = PROJECT / "gala" / "web"


def block(kind: str, marker: str) -> str:
    """The code block of the page that begins with a comment naming its file; the comment is left out."""
    found = re.search(rf"^```{kind}\n{re.escape(marker)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the page has no {kind} block for {marker}"
    return found[1]


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text, f"{path.name}: the page's step no longer fits"
    path.write_text(text.replace(before, after, 1), "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as the page leaves it."""
    copy = tmp_path_factory.mktemp("project")
    for package in ("gala", "games", "voting", "rewards", "tests"):
        shutil.copytree(
            PROJECT / package,
            copy / package,
            ignore=shutil.ignore_patterns("node_modules", "dist", "__pycache__"),
        )
    shutil.copy(PROJECT / "pyproject.toml", copy)
    (copy / "gala/web/node_modules").symlink_to(WEB / "node_modules")

    (copy / "games/cheer.py").write_text(block("python", "# games/cheer.py"), "utf-8")
    imports, _, register = block("python", "# games/__init__.py").partition("\n\n")
    change(copy / "games/__init__.py", "from games import boost, poll, rain, whack", imports)
    old = re.search(r"^GAMES: .*$", (copy / "games/__init__.py").read_text("utf-8"), re.MULTILINE)
    assert old is not None
    change(copy / "games/__init__.py", old[0], register.strip())

    web = copy / "gala/web/src/games"
    (web / "cheer.tsx").write_text(block("tsx", "// gala/web/src/games/cheer.tsx"), "utf-8")
    imported, entry = block("ts", "// gala/web/src/games/index.ts").splitlines()
    change(
        web / "index.ts",
        'import { Boost } from "./boost.tsx";',
        f'import {{ Boost }} from "./boost.tsx";\n{imported}',
    )
    change(web / "index.ts", "  boost: Boost,", f"  boost: Boost,\n{entry}")

    examples = copy / "tests/games/examples.py"
    change(examples, "from games import boost, poll", "from games import boost, cheer, poll")
    lines = block("python", "# tests/games/examples.py")
    change(examples, "EXAMPLES: dict[str, Examples] = {\n", "EXAMPLES: dict[str, Examples] = {\n" + lines)
    return copy


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def test_the_new_game_obeys_every_law(copy: Path) -> None:
    done = run(
        copy,
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "tests/games/test_laws.py",
        "-k",
        "cheer",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout or re.search(r"^\.+ +\[100%\]$", done.stdout, re.MULTILINE), done.stdout


def test_a_rundown_with_the_new_game_is_good_to_go(copy: Path) -> None:
    short = (PROJECT / "gala/rundowns/short.toml").read_text("utf-8")
    head = (
        short[: short.index("[[segments]]")].replace("19:30:00", "20:00:00").replace("19:32:00", "20:05:00")
    )
    head = re.sub(r"languages = \[.*\]", 'languages = ["en"]', head)
    head = re.sub(r"\{ (en = \"[^\"]*\").*?\}", r"{ \1 }", head)
    (copy / "cheer.toml").write_text(head + block_toml(), "utf-8")
    done = run(copy, sys.executable, "-m", "gala", "check", "cheer.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good, no warnings" in done.stdout


def block_toml() -> str:
    found = re.search(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_browser_module_compiles(copy: Path) -> None:
    done = run(copy / "gala/web", str(WEB / "node_modules/.bin/tsc"), "--noEmit", "-p", ".")
    assert done.returncode == 0, done.stdout + done.stderr
