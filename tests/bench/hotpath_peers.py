"""The peers of `hotpath`: sources of our own in `peers/`, on packages that npm brings at run time."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gala.web.pages_build import PagesError, npm_command
from tests.bench.hotpath_load import JSON, PLAIN, Tongue

PEERS = Path(__file__).parent / "peers"
NODE = "node-linux-{arch}@24"
BUN = "@oven/bun-linux-{arch}@1"
NPM_S = 240


@dataclass(frozen=True)
class Kind:
    """One server: what it is called, how it is started, and spoken to."""

    name: str
    command: list[str]
    tongue: Tongue


def fetched(folder: Path) -> tuple[list[Kind], list[str]]:
    """The peers whose packages npm gives, in `folder`, and words about those that it does not."""
    said: list[str] = []
    try:
        npm, node = npm_command()
    except PagesError as problem:
        return [], [str(problem)]
    for source in PEERS.iterdir():
        shutil.copy(source, folder)
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}

    def install(*packages: str) -> bool:
        command = [
            *npm,
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            *packages,
        ]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=NPM_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            said.append(f"npm gave no {' '.join(packages) or 'packages'} in {NPM_S} s")
            return False
        if done.returncode:
            said.append(
                f"npm gave no {' '.join(packages) or 'packages'}: {(done.stderr or done.stdout).strip()}"
            )
        return done.returncode == 0

    if not install():
        return [], said
    kinds: list[Kind] = []
    if install(NODE.format(arch=arch)):
        node = folder / "node_modules" / f"node-linux-{arch}" / "bin" / "node"
    else:
        said.append(f"so Node is this machine's own, {node}")
    bun = folder / "node_modules" / "@oven" / f"bun-linux-{arch.replace('arm64', 'aarch64')}" / "bin" / "bun"
    on_node = [str(node), "--expose-gc"]
    kinds += [
        Kind("node_socketio", [*on_node, "socketio_node.js"], JSON),
        Kind("node_ws", [*on_node, "plain_node.js"], PLAIN),
    ]
    if install(BUN.format(arch=arch.replace("arm64", "aarch64"))):
        kinds += [
            Kind("bun_socketio", [str(bun), "socketio_bun.js"], JSON),
            Kind("bun_serve", [str(bun), "plain_bun.js"], PLAIN),
        ]
    return kinds, said
