"""The shape of the code: what the import contracts cannot say."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("architecture")

ROOT = Path(__file__).parent.parent
PACKAGES = ("engine", "processes", "web")
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts
)
FRONT_DOOR = "Engine"


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Everything in a module, walked once for all tests."""
    return list(ast.walk(tree(path)))


@pytest.fixture(scope="module", autouse=True)
def forget_nodes() -> Iterator[None]:
    """Half a million nodes need not stay for the rest of a run."""
    yield
    tree.cache_clear()
    nodes.cache_clear()


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (node.end_lineno or 0) - body[0].lineno + 2


def test_no_module_is_longer_than_400_lines() -> None:
    long = {
        name(path): lines for path in MODULES if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_no_function_is_longer_than_40_lines() -> None:
    long = [
        f"{name(path)}:{node.lineno} {node.name} {code_lines(node)}"
        for path in MODULES
        for node in functions(path)
        if code_lines(node) > 40 and "migrations" not in path.parts
    ]
    assert not long


def test_no_class_has_more_than_15_methods_and_the_front_door_30() -> None:
    wide = []
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                methods = sum(
                    isinstance(item, ast.FunctionDef) and not item.name.startswith("__") for item in node.body
                )
                if methods > (30 if node.name == FRONT_DOOR else 15):
                    wide.append(f"{name(path)} {node.name} {methods}")
    assert not wide


def test_modules_say_in_a_docstring_what_they_know() -> None:
    silent = [
        name(path)
        for path in MODULES
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(tree(path))
        and "versions" not in path.parts
    ]
    assert not silent


@pytest.mark.parametrize("package", ["engine", "web"])
def test_engine_and_web_name_no_process_app(package: str) -> None:
    apps = [folder.name for folder in (ROOT / "processes").iterdir() if (folder / "__init__.py").exists()]
    assert apps
    word = re.compile(rf"\b({'|'.join(apps)})\b")
    named = []
    for path in (ROOT / package).rglob("*"):
        if path.suffix in {".py", ".html"} and "node_modules" not in path.parts:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if word.search(line):
                    named.append(f"{name(path)}:{number} {line.strip()}")
    assert not named


def test_only_public_names_of_the_engine_are_imported_from_outside() -> None:
    inside = [
        f"{name(path)}:{node.lineno} {node.module}"
        for path in MODULES
        if path.relative_to(ROOT).parts[0] != "engine"
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.")
    ]
    assert not inside


def test_no_names_that_say_nothing() -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|common|services?|managers?|handlers?|impl)$")
    assert not [name(path) for path in MODULES if empty.search(path.stem)]


def test_python_in_models_is_impossible() -> None:
    forbidden = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    ]
    assert not forbidden


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in ("requirements.lock", "requirements-node.lock", "web/frontend/package-lock.json"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "sha256:" in text or "sha512-" in text
        assert not re.search(r"https?://[^\s\"]*(registry|pypi|pythonhosted)", text), lock


def test_the_repository_holds_no_machine_paths() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.fail("git could not list the files")
    found = []
    for file in listed.stdout.decode().split("\0"):
        path = ROOT / file
        if not file or not path.is_file() or path.suffix in {".png", ".docx", ".xlsx"} or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if re.search(r"/work/(main|shared)|/root/\.|/home/[a-z]+/|\.\./shared", text):
            found.append(file)
    assert not found
