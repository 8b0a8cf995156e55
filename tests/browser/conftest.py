"""A running Bihuan with the demo world, as `make demo` starts it, and officials who sit before browsers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from engine import Engine, load_apps
from tests.browser.official import PASSWORD, Official
from tests.patience import free_port, wait_until

OFFICE_SCREEN: ViewportSize = {"width": 1440, "height": 900}


@dataclass
class Installation:
    """A database with the demo world, a web server and a worker, each in processes of its own."""

    folder: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """This will return where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """This will return the address of its database."""
        return f"sqlite:///{self.folder / 'bihuan.db'}"

    @property
    def settings(self) -> dict[str, str]:
        """This will return its settings."""
        return {
            "BIHUAN_SECRET_KEY": "a secret that only this test run knows, long enough",
            "BIHUAN_DATABASE_URL": self.database_url,
            "BIHUAN_FILES": str(self.folder / "files"),
            "BIHUAN_HTTPS": "false",
            "BIHUAN_PORT": str(self.port),
            "BIHUAN_SIGN_IN_RATE": "1000 per minute",
            "BIHUAN_WEB_PROCESSES": "1",
            "BIHUAN_DEMO": "true",
            "BIHUAN_DEMO_PASSWORD": PASSWORD,
        }

    def start(self, *commands: str) -> None:
        """This will start `serve` and `worker` (or only those named) and wait until pages are answered."""
        for command in commands or ("serve", "worker"):
            with (self.folder / f"{command}.log").open("ab") as log:
                self.processes[command] = subprocess.Popen(
                    [sys.executable, "-m", "web.cli", command, "--quiet"],
                    env=os.environ | self.settings, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
        try:
            wait_until(self.is_ready)
        except AssertionError:
            logs = "\n".join(file.read_text() for file in self.folder.glob("*.log"))
            pytest.fail(f"the web server did not answer:\n{logs}")

    def is_ready(self) -> bool:
        """This will tell whether pages are answered."""
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{self.address}/readyz", timeout=10):
            return True
        return False

    def kill(self, *commands: str) -> None:
        """This will end them at once, with everything they were doing (`kill -9`)."""
        for command in commands or tuple(self.processes):
            process = self.processes.pop(command)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def engine(self) -> Engine:
        """This will open the same database in this process, to look behind the pages."""
        return Engine(self.database_url, apps=load_apps(), files=self.folder / "files")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Iterator[Installation]:
    """An installation with the demo world, served for the whole run."""
    folder = tmp_path_factory.mktemp("installation")
    shutil.copytree(demo_folder, folder, dirs_exist_ok=True)
    made = Installation(folder, free_port())
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="session")
def officials(installation: Installation, chromium: Browser) -> Iterator[Callable[[str], Official]]:
    """Signs in whoever is named, each in a browser of their own, where they stay signed in: a cold one is slow."""
    present: dict[str, Official] = {}

    def sign_in(login: str) -> Official:
        if login not in present:
            context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport=OFFICE_SCREEN)
            present[login] = Official(installation.address, context, login)
            present[login].sign_in()
        return present[login]

    yield sign_in
    for person in present.values():
        person.context.close()


@pytest.fixture
def official(officials: Callable[[str], Official]) -> Iterator[Callable[[str], Official]]:
    """Whoever is named before a browser that remembers nothing typed; what goes wrong in any page fails the test."""
    here: dict[str, Official] = {}

    def call(login: str) -> Official:
        if login not in here:
            person = here[login] = officials(login)
            if person.is_present:
                person.page.set_viewport_size(OFFICE_SCREEN)
            person.faults.clear()
        return here[login]

    yield call
    wrong = {login: list(person.faults) for login, person in here.items() if person.faults}
    for person in (person for person in here.values() if person.is_present):
        person.go("/healthz")  # whatever was typed is stored when its page is left
        person.page.evaluate("localStorage.clear(), sessionStorage.clear()")
    assert not wrong, json.dumps(wrong, ensure_ascii=False, indent=1)


def as_phone(page: Page) -> None:
    """This will make the page as small as that of a phone."""
    page.set_viewport_size({"width": 390, "height": 844})
