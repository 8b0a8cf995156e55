"""The demo as a stranger runs it: real processes, real ports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.patience import PATIENCE, free_port, wait_until
from web.commands import demo as demo_command
from web.commands import demo_world
from web.commands.terminal import MISUSED, Failed

ROOT = Path(__file__).parent.parent.parent


class Demo:
    """A running `bihuan demo` and what it has written so far."""

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        """This will start it; its output goes to `log`."""
        self.folder, self.port, self.log = folder, port, log
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BIHUAN_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "web.cli", "demo", "--port", str(port), "--folder", str(folder)],
            cwd=ROOT,
            env={**environment, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    @property
    def written(self) -> str:
        """This will return its output."""
        return self.log.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        """This will return when it has said that it is ready."""
        wait_until(lambda: "Bihuan is ready at" in self.written or self.process.poll() is not None)
        assert self.process.poll() is None, self.written

    def children(self) -> dict[str, int]:
        """This will return the process ids of the web server and the worker."""
        found = {}
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        for line in listed.stdout.splitlines():
            pid, command = line.split(maxsplit=1)
            if match := re.search(r"web\.cli (serve|worker)", command):
                found[match[1]] = int(pid)
        return found

    def answers(self) -> bool:
        """This will tell whether a page is served."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def end(self, name: signal.Signals = signal.SIGTERM) -> int:
        """This will stop it as Ctrl-C or a system does, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(name)
        return self.process.wait(timeout=PATIENCE)


def is_alive(pid: int) -> bool:
    """This will tell whether a process runs; a dead one that nobody buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def folder(tmp_path: Path, demo_folder: Path) -> Path:
    """A demo that was loaded before, moved to a place of its own."""
    moved = Path(shutil.copytree(demo_folder, tmp_path / "world"))
    settings = moved / "settings.env"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace(str(demo_folder.resolve()), str(moved)), encoding="utf-8"
    )
    return moved


@pytest.fixture
def demo(folder: Path, tmp_path: Path) -> Iterator[Demo]:
    """A demo that is ready."""
    running = Demo(folder, free_port(), tmp_path / "log")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.end()


def kill_one(demo: Demo, victim: str, other: str) -> None:
    """This will kill one process of a demo and see the other stopped and the reason told."""
    children = demo.children()
    os.kill(children[victim], signal.SIGKILL)
    assert demo.process.wait(timeout=PATIENCE) == 1
    assert not is_alive(children[other])
    assert "ended by itself" in demo.written
    assert "the data is kept" in demo.written


def test_the_demo_shows_its_steps_its_address_and_an_account_of_each_role_and_ctrl_c_ends_both_processes(
    demo: Demo, folder: Path, tmp_path: Path
) -> None:
    assert demo.answers()
    assert re.findall(r"^\[(\d)/\d\]", demo.written, re.M) == ["1", "2", "3", "4", "5"]
    assert f"http://127.0.0.1:{demo.port}" in demo.written
    assert "Password of all accounts" in demo.written
    children = demo.children()
    assert set(children) == {"serve", "worker"}
    before = (folder / "bihuan.db").stat().st_ino
    assert demo.end(signal.SIGINT) == 0
    assert not any(is_alive(pid) for pid in children.values())
    assert not demo.answers()
    assert "The data is kept" in demo.written
    second = Demo(folder, demo.port, tmp_path / "second")
    try:
        second.wait_until_ready()
        assert "unchanged" in second.written
        assert "kept as they are" in second.written, "nothing is loaded twice"
        assert (folder / "bihuan.db").stat().st_ino == before
        kill_one(second, "worker", "serve")
    finally:
        second.end()


def test_when_the_server_dies_the_worker_is_stopped_and_the_exit_code_says_so(demo: Demo) -> None:
    kill_one(demo, "serve", "worker")


def test_a_port_in_use_is_said_at_once(folder: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        late = Demo(folder, port, tmp_path / "log")
        assert late.process.wait(timeout=PATIENCE) == 2
    assert f"Port {port} is in use" in late.written


def test_reset_deletes_only_what_is_a_demo(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("ten years of work")
    ended = CliRunner().invoke(demo_command.demo, ["--reset", "--folder", str(precious)], standalone_mode=False)
    assert isinstance(ended.exception, Failed)
    assert ended.exception.exit_code == MISUSED
    assert (precious / "thesis.txt").exists()


def test_a_world_that_was_loaded_half_is_swept_and_a_whole_one_is_kept(tmp_path: Path) -> None:
    for name in ("bihuan.db", "bihuan.db-wal", "settings.env", "accounts.json"):
        (tmp_path / name).write_text("something")
    assert not demo_world.sweep(tmp_path), "it was loaded to the end"
    assert (tmp_path / "bihuan.db").exists()
    (tmp_path / "loading").touch()
    assert demo_world.sweep(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["settings.env"]
    assert not demo_world.is_loaded(tmp_path)
