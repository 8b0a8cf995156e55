"""Makes a database of a backup, in one transaction: all of it, or what was there before."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    Uuid,
    column,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy import Engine as Database
from sqlalchemy import table as lightweight
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from engine import backups, migrating
from engine.backups import Manifest, Part, Progress
from engine.db import UtcDateTime
from engine.errors import Conflict, DiskFull, Invalid
from engine.files import NO_ROOM, Store
from engine.models import Base

BATCH = 1_000
STAMPS = "alembic_version"
TYPES: dict[str, TypeEngine[Any]] = {
    "moment": UtcDateTime(),
    "day": Date(),
    "uuid": Uuid(),
    "bool": Boolean(),
    "int": BigInteger(),
    "decimal": Numeric(38, 10),
    "bytes": LargeBinary(),
    "text": Text(),
}


class NotEmpty(Conflict):
    """The database is not empty: {table} has rows. Restore into an empty one, or say that it may be overwritten."""


class BackupTooNew(Invalid):
    """The backup was made by version {version}, which is newer than this one. Install that version first."""


class RowRefused(Invalid):
    """A row of the backup does not fit into the database: {reason}"""


def restore(
    database: Database, path: Path, folder: Path, *, is_forced: bool = False, progress: Progress | None = None
) -> Manifest:
    """This will fill an empty database and the folder of attachments from a backup, whatever kind of database it was.

    The backup is read whole and compared with its checksums before anything is touched. `is_forced` lets it replace
    what is there. A backup of an older version is brought up to date. Raises BackupInvalid, BackupDamaged,
    BackupTooNew, NotEmpty, RowRefused, DiskFull.
    """
    tell = progress or (lambda *_: None)
    archive, manifest = backups.open_backup(path)
    with archive:
        if not migrating.is_known(manifest.revision):
            raise BackupTooNew(version=manifest.bihuan)
        backups.require_whole(archive, manifest, progress=tell)
        try:
            with database.connect().execution_options(writes=True) as connection, connection.begin():
                _make_room(connection, is_forced=is_forced)
                command.upgrade(migrating.config(connection), manifest.revision)
                _load(connection, archive, manifest, tell)
                command.upgrade(migrating.config(connection), "head")
                _store_files(archive, manifest, Store(folder), tell)
        except DBAPIError as error:
            raise RowRefused(reason=str(error.orig)) from error
        except OSError as error:
            if error.errno in NO_ROOM:
                raise DiskFull from error
            raise
    return manifest


def _make_room(connection: Connection, *, is_forced: bool) -> None:
    there = set(inspect(connection).get_table_names())
    ours = [known for known in reversed(Base.metadata.sorted_tables) if known.name in there]
    if not is_forced:
        for known in ours:
            if connection.execute(select(func.count()).select_from(known)).scalar():
                raise NotEmpty(table=known.name)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    stamp = connection.scalar(text(f"SELECT version_num FROM {STAMPS}")) if STAMPS in there else None
    if connection.dialect.name == "postgresql" and stamp is not None and migrating.is_known(stamp):
        command.downgrade(migrating.config(connection), "base")  # it knows functions too; SQLite has none
        return
    for known in ours:
        known.drop(connection)
    if STAMPS in there:
        connection.execute(text(f"DROP TABLE {STAMPS}"))


def _load(connection: Connection, archive: zipfile.ZipFile, manifest: Manifest, tell: Progress) -> None:
    done, names = 0, [Path(part.name).stem for part in manifest.tables]
    triggers = _stop_triggers(connection, names)
    for part in manifest.tables:
        name = Path(part.name).stem
        for count in _load_table(connection, archive, part, name):
            done += count
            tell("tables", done, manifest.rows)
    for statement in triggers:
        connection.exec_driver_sql(statement)
    if connection.dialect.name == "postgresql":
        _set_sequences(connection, names)


def _stop_triggers(connection: Connection, names: Sequence[str]) -> list[str]:
    """What triggers once wrote stands in the backup: they must not write it again. Returns what starts them again."""
    if connection.dialect.name == "postgresql":
        for name in names:
            connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        return [f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in names]
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for name, _ in found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    return [sql for _, sql in found]


def _load_table(connection: Connection, archive: zipfile.ZipFile, part: Part, name: str) -> Iterator[int]:
    columns, rows = backups.rows(archive, part)
    names = [column for column, _ in columns]
    target = lightweight(name, *(column(each, TYPES[kind]) for each, kind in columns))
    while batch := list(islice(rows, BATCH)):
        if connection.dialect.name == "postgresql":
            _copy(connection, name, names, batch)
        else:
            connection.execute(insert(target), [dict(zip(names, row, strict=True)) for row in batch])
        yield len(batch)


def _copy(connection: Connection, name: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    wire: Any = connection.connection.driver_connection
    statement = f"COPY {quote(name)} ({', '.join(map(quote, names))}) FROM STDIN"
    try:
        with wire.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        connection._handle_dbapi_exception(error, statement, None, None, None)


def _set_sequences(connection: Connection, names: Sequence[str]) -> None:
    """The next row gets the number after the highest one restored."""
    for name in names:
        known = Base.metadata.tables.get(name)
        keys = [] if known is None else [key for key in known.primary_key.columns if isinstance(key.type, Integer)]
        if len(keys) != 1 or known is None or len(known.primary_key.columns) != 1:
            continue
        asked = text("SELECT pg_get_serial_sequence(:table, :column)")
        sequence = connection.scalar(asked, {"table": name, "column": keys[0].name})
        if sequence is not None:
            highest = connection.scalar(select(func.max(keys[0])))
            if highest is not None:
                connection.execute(select(func.setval(sequence, highest)))


def _store_files(archive: zipfile.ZipFile, manifest: Manifest, store: Store, tell: Progress) -> None:
    for number, part in enumerate(manifest.files):
        tell("files", number, len(manifest.files))
        final = store.path(part.sha256)
        if final.is_file() and final.stat().st_size == part.count:
            continue
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, half = tempfile.mkstemp(dir=store.folder, prefix=".upload-")
        try:
            with os.fdopen(handle, "wb") as target, archive.open(part.name) as source:
                shutil.copyfileobj(source, target, backups.CHUNK)
                target.flush()
                os.fsync(target.fileno())
            os.replace(half, final)
        finally:
            Path(half).unlink(missing_ok=True)
