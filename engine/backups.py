"""Backups: one file with all tables as of one moment and all attachments, which any database of ours can be made from.

A zip archive: `manifest.json`; for each table `tables/NAME.jsonl`, whose first line names the columns and their kinds
and every further one is a row; `files/SHA256`, the attachments. Values are written independently of the kind of
database: a backup of SQLite can be restored into PostgreSQL and the other way round.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Integer, LargeBinary, Numeric, Select, Table, Uuid, func, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from engine import migrating
from engine.db import UtcDateTime, table
from engine.errors import Conflict, DiskFull, Invalid
from engine.files import NO_ROOM, Store
from engine.models import Attachment, Base

FORMAT, FORMAT_VERSION = "bihuan-backup", 1
MANIFEST = "manifest.json"
CHUNK = 1024 * 1024
KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (UtcDateTime, "moment"), (Date, "day"), (Uuid, "uuid"), (Boolean, "bool"), (BigInteger, "int"), (Integer, "int"),
    (Numeric, "decimal"), (LargeBinary, "bytes"),
)  # fmt: skip
Progress = Callable[[str, int, int], None]


class FileThere(Conflict):
    """{file} is there already; a backup never overwrites another."""


class BackupInvalid(Invalid):
    """{file} is not a backup of Bihuan: {reason}."""


class BackupDamaged(Invalid):
    """{file} is damaged: {member} is not what was written."""


@dataclass(frozen=True, slots=True)
class Part:
    """A member of the archive: its name, its SHA-256, and how many rows or bytes it holds."""

    name: str
    sha256: str
    count: int


@dataclass(slots=True)
class Manifest:
    """What a backup says of itself. `missing` are attachments whose files were gone already."""

    made_at: str
    bihuan: str
    revision: str
    database: str
    tables: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """This will return how many rows the backup holds."""
        return sum(part.count for part in self.tables)

    @property
    def size(self) -> int:
        """This will return how many bytes its attachments have."""
        return sum(part.count for part in self.files)


def kind_of(type: TypeEngine[Any]) -> str:
    """This will name how values of a column are written."""
    return next((name for known, name in KINDS if isinstance(type, known)), "text")


def write(session: Session, folder: Path, target: Path, *, progress: Progress | None = None) -> Manifest:
    """This will back up what the session sees, which must be one moment, and the attachments in `folder`.

    The file appears when it is whole, readable by its owner alone. Raises FileThere, DiskFull.
    """
    if target.exists():
        raise FileThere(file=target)
    half = target.with_name(f".{target.name}.part")
    try:
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                manifest = _fill(session, Store(folder), archive, progress or (lambda *_: None))
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, target)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull from error
        raise
    finally:
        half.unlink(missing_ok=True)
    return manifest


def _fill(session: Session, store: Store, archive: zipfile.ZipFile, progress: Progress) -> Manifest:
    manifest = Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        bihuan=version("bihuan"),
        revision=migrating.newest(),
        database=session.get_bind().dialect.name,
    )
    tables = Base.metadata.sorted_tables
    total = sum(session.scalar(select(func.count()).select_from(source)) or 0 for source in tables)
    for source in tables:
        progress("tables", manifest.rows, total)
        manifest.tables.append(_write_table(session, source, archive))
    names = sorted(session.scalars(_named_files()))
    for number, sha256 in enumerate(names):
        progress("files", number, len(names))
        path = store.path(sha256)
        if path.is_file():
            manifest.files.append(_write_file(path, sha256, archive))
        else:
            manifest.missing.append(sha256)
    said = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(manifest)}
    archive.writestr(MANIFEST, json.dumps(said, ensure_ascii=False, indent=1))
    return manifest


def _named_files() -> Select[Any]:
    attachments = table(Attachment)
    return select(attachments.c.sha256).where(attachments.c.removed_at.is_(None)).distinct()


def _write_table(session: Session, source: Table, archive: zipfile.ZipFile) -> Part:
    name, digest, count = f"tables/{source.name}.jsonl", hashlib.sha256(), 0
    columns = [[column.name, kind_of(column.type)] for column in source.c]
    with archive.open(name, "w", force_zip64=True) as member:

        def put(content: Any) -> None:
            line = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_written)
            written = f"{line}\n".encode("utf-8", "surrogatepass")
            digest.update(written)
            member.write(written)

        put(columns)
        rows = select(*source.c).order_by(*source.primary_key.columns)
        for row in session.execute(rows, execution_options={"yield_per": 2_000}):
            put(list(row))
            count += 1
    return Part(name, digest.hexdigest(), count)


def _written(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"a backup cannot hold {type(value).__name__}")


def _write_file(path: Path, sha256: str, archive: zipfile.ZipFile) -> Part:
    name, size = f"files/{sha256}", 0
    plain = zipfile.ZipInfo(name)
    plain.compress_type = zipfile.ZIP_STORED  # photos and documents are compressed already
    with path.open("rb") as source, archive.open(plain, "w", force_zip64=True) as member:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            member.write(chunk)
    return Part(name, sha256, size)


def open_backup(path: Path) -> tuple[zipfile.ZipFile, Manifest]:
    """This will open a backup and read what it says of itself. Raises BackupInvalid."""
    try:
        archive = zipfile.ZipFile(path)
        said = json.loads(archive.read(MANIFEST))
        if said.pop("format") != FORMAT:
            raise BackupInvalid(file=path, reason="it has another format")
        if said.pop("format_version") > FORMAT_VERSION:
            raise BackupInvalid(file=path, reason="a newer version of Bihuan wrote it")
        for name in ("tables", "files"):
            said[name] = [Part(**part) for part in said[name]]
        return archive, Manifest(**said)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BackupInvalid(file=path, reason="it cannot be read") from error


def require_whole(archive: zipfile.ZipFile, manifest: Manifest, *, progress: Progress | None = None) -> None:
    """This will read all of a backup and compare it with its checksums. Raises BackupDamaged."""
    parts = [*manifest.tables, *manifest.files]
    for number, part in enumerate(parts):
        if progress is not None:
            progress("check", number, len(parts))
        digest = hashlib.sha256()
        try:
            with archive.open(part.name) as member:
                while chunk := member.read(CHUNK):
                    digest.update(chunk)
        except (zipfile.BadZipFile, KeyError, OSError) as error:
            raise BackupDamaged(file=archive.filename, member=part.name) from error
        if digest.hexdigest() != part.sha256:
            raise BackupDamaged(file=archive.filename, member=part.name)


def rows(archive: zipfile.ZipFile, part: Part) -> tuple[list[tuple[str, str]], Iterator[list[Any]]]:
    """This will return the columns of a table with their kinds, and stream its rows."""
    member = archive.open(part.name)
    columns = [(name, kind) for name, kind in json.loads(member.readline())]
    return columns, _read_rows(member, [kind for _, kind in columns])


def _read_rows(member: IO[bytes], kinds: Sequence[str]) -> Iterator[list[Any]]:
    places = [(place, _READ[kind]) for place, kind in enumerate(kinds) if kind in _READ]
    with member:
        for line in member:
            row = json.loads(line.decode("utf-8", "surrogatepass"))
            for place, read in places:
                if row[place] is not None:
                    row[place] = read(row[place])
            yield row


_READ: dict[str, Callable[[Any], Any]] = {
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "uuid": UUID,
    "decimal": Decimal,
    "bytes": base64.b64decode,
}
