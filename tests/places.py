"""Where the engines of tests keep their data: SQLite files and PostgreSQL databases that begin alike for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import fasteners
import psycopg
from sqlalchemy import Engine as Database
from sqlalchemy import Pool

TEMPLATE = "bihuan_template"
ROWS = 2_000  # in a table: what a test left of more is not worth sweeping
KEPT = 4  # databases that a process keeps at a time
Prepare = Callable[[str], None]


@dataclass(frozen=True)
class PostgreSQL:
    """The server that all workers of one test run share."""

    address: str  # with {database} to be filled in

    def url(self, database: str) -> str:
        """This will return the URL of one of its databases."""
        return self.address.format(database=database)

    def connect(self, database: str) -> psycopg.Connection:
        """This will open a connection without transactions."""
        return psycopg.connect(self.url(database).replace("+psycopg", ""), autocommit=True)

    @cached_property
    def _server(self) -> psycopg.Connection:
        return self.connect("postgres")

    def administer(self, *statements: str) -> None:
        """This will run statements outside of every transaction."""
        for statement in statements:
            self._server.execute(statement)  # type: ignore[arg-type]

    def copy(self, template: str, name: str) -> None:
        """This will make a database as a copy of another one."""
        self.administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")


class SqlitePlace:
    """A database of one test in a file."""

    def __init__(self, folder: Path, shared: Path) -> None:
        self.file, self._shared = folder / "bihuan.sqlite", shared
        self.url = f"sqlite:///{self.file}"

    def empty(self) -> None:
        """This will begin with the tables and nothing in them."""
        shutil.copy(self._shared / "template.sqlite", self.file)

    def fill(self, key: str, prepare: Prepare) -> None:
        """This will begin with the copy of a database that `prepare` fills once for the whole run."""
        template = self._shared / f"{key}.sqlite"
        with fasteners.InterProcessLock(self._shared / f"{key}.sqlite.lock"):
            if not template.exists():
                making = self._shared / f"{key}.making"
                shutil.copy(self._shared / "template.sqlite", making)
                prepare(f"sqlite:///{making}")
                making.rename(template)
        shutil.copy(template, self.file)

    def leave(self, database: Database) -> None:
        """This will do nothing: a file is opened at once."""

    def drop(self) -> None:
        """This will do nothing: pytest deletes the folder."""


class PostgresqlPlace:
    """A database of one test on the server; who does not ask for its address may get one that others have used."""

    def __init__(self, server: PostgreSQL, shared: Path, *, is_asked_for: bool) -> None:
        self._server, self._shared, self._is_asked_for = server, shared, is_asked_for
        self.name, self.exists = f"test_{uuid4().hex}", False
        self.url = server.url(self.name)
        self._used: UsedDatabase | None = None

    def empty(self) -> None:
        """This will begin with the tables and nothing in them."""
        self._copy(TEMPLATE)

    def _copy(self, template: str) -> None:
        if self.exists:
            self._server.administer(f"DROP DATABASE {self.name} WITH (FORCE)")
        self._server.copy(template, self.name)
        self.exists = True

    def fill(self, key: str, prepare: Prepare) -> None:
        """This will begin with the copy of a database that `prepare` fills once for the whole run."""
        template, ready = f"template_{key}", self._shared / f"{key}.postgresql"
        with fasteners.InterProcessLock(self._shared / f"{key}.postgresql.lock"):
            if not ready.exists():
                self._server.administer(f"DROP DATABASE IF EXISTS {template}")
                self._server.copy(TEMPLATE, template)
                prepare(self._server.url(template))
                ready.touch()
        if self._is_asked_for or self.exists:
            self._copy(template)
        else:
            self._used = UsedDatabase.swept(self._server, template)
            self.url = self._used.url

    def leave(self, database: Database) -> None:
        """This will keep the open connections of an engine for the next test."""
        if self._used is not None:
            self._used.take_back(database)

    def drop(self) -> None:
        """This will take the database away, if it is not kept."""
        if self.exists:
            self._server.administer(f"DROP DATABASE {self.name} WITH (FORCE)")


class Spoiled(Exception):
    """More was changed than is swept."""


class UsedDatabase:
    """A copy of a template that the tests of a process use one after the other, and its open connections.

    To make a database and to warm its connections costs the server many times what a test asks of it. What a test
    has written is found by the number of rows and the youngest transaction of each table, and taken back; whoever
    changed more than rows, analyzed, wrote much or left a connection in use has spoiled it.
    """

    _known: dict[str, UsedDatabase] = {}  # noqa: RUF012
    _pools: dict[str, list[Pool]] = {}  # noqa: RUF012

    def __init__(self, server: PostgreSQL, template: str) -> None:
        self._server, self.name = server, f"used_{uuid4().hex}"
        self.url = server.url(self.name)
        server.copy(template, self.name)
        self._connection = server.connect(self.name)
        self._pools[self.name], self._is_spoiled = [], False
        self._tables = dict(self._connection.execute(COLUMNS).fetchall())
        self._connection.execute("CREATE SCHEMA kept")
        for table in self._tables:
            self._ask(f"CREATE TABLE kept.{table} AS TABLE public.{table}")
        sequences = self._connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall()
        self._rewind = "; ".join(
            f"SELECT setval('public.{name}', {last or 1}, {last is not None})" for name, last in sequences
        )
        look = [f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM public.{name}" for name in self._tables]
        look += [f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}" for name in CATALOGS]
        self._look = " UNION ALL ".join(look)
        self._seen = self._state()

    @classmethod
    def swept(cls, server: PostgreSQL, template: str) -> UsedDatabase:
        """This will return a database that is as its template."""
        found = cls._known.pop(template, None)
        if found is not None:
            try:
                found.sweep()
            except (Spoiled, psycopg.Error):
                found.discard()
                found = None
        while len(cls._known) >= KEPT:
            cls._known.pop(next(iter(cls._known))).discard()
        cls._known[template] = found or cls(server, template)
        return cls._known[template]

    @classmethod
    def lend(cls, name: str | None) -> Pool | None:
        """This will return open connections to a database, when there are any."""
        pools = cls._pools.get(name or "")
        return pools.pop(0) if pools else None

    def take_back(self, database: Database) -> None:
        """This will take the connections from an engine that is about to be closed."""
        pool = database.pool
        if pool.checkedout() or list(pool.dispatch.checkout) or list(pool.dispatch.connect):  # type: ignore[attr-defined]
            self._is_spoiled = self._is_spoiled or bool(pool.checkedout())  # type: ignore[attr-defined]
            return
        database.pool = pool.recreate()
        self._pools[self.name].append(pool)

    def sweep(self) -> None:
        """This will take back what was written. Raises Spoiled."""
        if self._is_spoiled:
            raise Spoiled
        self._close_others()
        state = self._state()
        changed = {name for name in state if state[name] != self._seen[name]}
        if changed - self._tables.keys() or any(state[name][0] > ROWS for name in changed):
            raise Spoiled
        if changed:
            sweeping = [
                f"DELETE FROM public.{name}; INSERT INTO public.{name} ({self._tables[name]}) OVERRIDING SYSTEM VALUE "
                f"SELECT {self._tables[name]} FROM kept.{name}"
                for name in changed
            ]
            self._ask("; ".join(["BEGIN; SET LOCAL session_replication_role = replica", *sweeping, "COMMIT"]))
            self._seen = self._state()
        self._ask(self._rewind)

    def _close_others(self) -> None:
        """Connections of closed engines and of processes that were killed; what the server has closed is lost."""
        alive = dict(self._connection.execute(OTHERS).fetchall())
        for pool in list(self._pools[self.name]):
            held = [pool.connect() for _ in range(pool.checkedin())]  # type: ignore[attr-defined]
            processes = {each.driver_connection.info.backend_pid for each in held}  # type: ignore[union-attr]
            for each in held:
                each.close()
            if not processes <= alive.keys() or any(alive.pop(process) != "idle" for process in processes):
                raise Spoiled
        for process in alive:
            self._connection.execute("SELECT pg_terminate_backend(%s, 10000)", [process])

    def _state(self) -> dict[str, tuple[int, int | None]]:
        found = self._connection.execute(self._look, prepare=True)  # type: ignore[arg-type]
        return {name: (rows, youngest) for name, rows, youngest in found}

    def _ask(self, statements: Any) -> None:
        self._connection.execute(statements, prepare=False)

    def discard(self) -> None:
        """This will take the database away."""
        for pool in self._pools.pop(self.name):
            pool.dispose()
        self._connection.close()
        self._server.administer(f"DROP DATABASE {self.name} WITH (FORCE)")


CATALOGS = ("pg_class", "pg_namespace", "pg_statistic")
COLUMNS = """
SELECT quote_ident(c.relname), string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname
"""
OTHERS = """
SELECT pid, coalesce(state, '') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

Place = SqlitePlace | PostgresqlPlace
