"""The cast and the house of the web tests: alice reports, bob looks, carol approves, mallory may not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.engine import make_url
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from engine import SYSTEM, Engine, ProcessApp
from engine.apps import Summary
from tests.conftest import fold
from web import create_app
from web.config import Settings

PASSWORD = "a long enough password"
APP = ProcessApp(
    name="leak",
    title="漏水",
    folder=Path(__file__).parent / "apps" / "leak",
    process="leak",
    number="LS-{year}-{seq:03}",
    summary=Summary(title="=漏水情况", subject="=地点", badge='="一般"', tone="yellow"),
    fields={"地点": "text"},
    roles={"reporter": "报修人", "plumber": "管道工", "manager": "物业经理"},
    leaders=("manager",),
    starters={"leak": ("reporter",)},
)
NUMBER = f"LS-{datetime.now(ZoneInfo('Asia/Shanghai')):%Y}-001"  # of the first case of a test
UNITS = [
    {"code": "town", "name": "东湖镇", "kind": "town"},
    {"code": "office", "name": "物业办", "kind": "department", "parent": "town"},
    {"code": "other", "name": "西山镇", "kind": "town"},
]
PERSONS: list[dict[str, Any]] = [
    {"login": "alice", "name": "甲", "roles": [("reporter", "town")]},
    {"login": "bob", "name": "乙", "roles": [("plumber", "office")]},
    {"login": "bert", "name": "丙", "roles": [("plumber", "office"), ("manager", "office")]},
    {"login": "carol", "name": "丁", "roles": [("manager", "office")]},
    {"login": "mallory", "name": "戊", "roles": [("plumber", "other")]},
    {"login": "root", "name": "己", "is_admin": True, "roles": []},
]


class Browser:
    """A person before a browser: signs in by the page, sends the token of the page along."""

    def __init__(self, client: FlaskClient) -> None:
        """This will use `client` and keep its cookies."""
        self.client = client
        self.token = ""

    def sign_in(self, login: str, password: str = PASSWORD, next: str = "") -> TestResponse:
        """This will sign in by the form."""
        self.get("/sign-in")
        answer = self.post("/sign-in", login=login, password=password, next=next)
        if answer.status_code in (302, 303):
            self.get("/inbox")
        return answer

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """This will open a page and remember its token."""
        answer = self.client.get(path, **kwargs)
        if found := re.search(rb'name="csrf-token" content="([^"]+)"', answer.data):
            self.token = found[1].decode()
        return answer

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        """This will send a form of the page."""
        return self.client.post(path, data={"csrf_token": self.token, **fields}, headers=headers)

    def send(self, method: str, path: str, body: Any) -> TestResponse:
        """This will send JSON, as the form bundle does."""
        return self.client.open(path, method=method, json=body, headers={"X-CSRFToken": self.token})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        secret_key="for tests only, 32 characters long!",
        database_url=f"sqlite:///{tmp_path / 'test.db'}",
        files=tmp_path / "files",
        https=False,
        sign_in_rate="1000 per minute",
    )


@pytest.fixture(scope="session")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the app in force and its people, to copy."""
    file = tmp_path_factory.mktemp("house") / "house.sqlite"
    shutil.copy(sqlite_template, file)
    engine = Engine(f"sqlite:///{file}", apps=[APP], files=file.parent / "files")
    engine.load_people(UNITS, [{"password": PASSWORD, **person} for person in PERSONS])
    engine.deploy_app(APP, by=SYSTEM)
    fold(engine)
    engine.close()
    return file


@pytest.fixture
def engine(settings: Settings, house: Path) -> Iterator[Engine]:
    shutil.copy(house, str(make_url(settings.database_url).database))
    settings.files.mkdir(exist_ok=True)
    engine = Engine(settings.database_url, apps=[APP], files=settings.files)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def compiled(shared_folder: Path) -> FileSystemBytecodeCache:
    """Templates that were compiled once are not compiled again for each test."""
    folder = shared_folder / "templates"
    folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture(scope="session", autouse=True)
def compiled_addresses() -> Iterator[None]:
    """What builds the addresses of pages is compiled once, not for the application of each test."""
    real, known = Rule._compile_builder, dict[Any, Any]()

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = real(rule, append_unknown)
        return known[key]

    Rule._compile_builder = compile_builder  # type: ignore[method-assign]
    yield
    Rule._compile_builder = real  # type: ignore[method-assign]


@pytest.fixture
def app(settings: Settings, engine: Engine, compiled: FileSystemBytecodeCache) -> Any:
    app = create_app(settings, engine)
    app.jinja_env.bytecode_cache = compiled
    app.testing = False  # errors are answered by the pages, not raised into the test
    return app


@pytest.fixture
def visit(app: Any) -> Callable[[str], Browser]:
    """A browser in which somebody is signed in already."""

    def open_for(login: str) -> Browser:
        browser = Browser(app.test_client())
        assert browser.sign_in(login).status_code == 303
        return browser

    return open_for


@pytest.fixture
def stranger(app: Any) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app.test_client())


@pytest.fixture
def leak(visit: Callable[[str], Browser]) -> dict[str, Any]:
    """A case that alice has reported; its first task waits for the plumbers of the office."""
    alice = visit("alice")
    sent = {"data": {"地点": "三栋 402", "漏水情况": "厨房天花板滴水"}, "outcome": None}
    answer = alice.send("POST", "/cases/start/leak", sent)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    address = answer.get_json()["location"]
    return {"case": address, "id": address.rsplit("/", 1)[-1]}


def first_task(browser: Browser) -> str:
    """This will return the address of the first task in the inbox."""
    found = re.search(r'<tr data-href="(/tasks/[0-9a-f-]+)"', browser.get("/inbox").get_data(as_text=True))
    assert found, "the inbox is empty"
    return found[1]
