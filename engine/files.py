"""Attachments: bytes in a store by their SHA-256, rows that say whose they are."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlalchemy import select, update

from engine import filetypes
from engine.access import NotYourFile
from engine.db import table
from engine.errors import DiskFull, Invalid, NotFound
from engine.models import Attachment, new_id
from engine.prepared import Change
from engine.turn import Turn

LARGEST = 20 * 1024 * 1024
CHUNK = 256 * 1024
LONGEST_NAME = 200
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ATTACHMENTS = table(Attachment)


class FileTooLarge(Invalid):
    """The file “{name}” is larger than {limit} MB."""


class FileEmpty(Invalid):
    """The file “{name}” is empty."""


class FileRefused(Invalid):
    """The file “{name}” is not a picture, a PDF, or an office document."""


class FileNotFound(NotFound):
    """There is no such file."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store: its hash, size in bytes and type as its content says."""

    sha256: str
    size: int
    content_type: str


class Store:
    """A folder of files, each under the SHA-256 of its bytes: the same file is kept once and never changes."""

    def __init__(self, folder: Path) -> None:
        """This will keep files below `folder`, which is made when it is needed."""
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """This will return where the bytes with this hash lie."""
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def save(self, stream: IO[bytes], *, name: str) -> Stored:
        """This will write a file so that it is whole or not there.

        Raises FileTooLarge, FileEmpty, FileRefused, DiskFull.
        """
        try:
            return self._save(stream, name)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise DiskFull from error
            raise

    def _save(self, stream: IO[bytes], name: str) -> Stored:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".upload-")
        try:
            with os.fdopen(handle, "wb") as target:
                sha256, size = _copy(stream, target, name)
                target.flush()
                os.fsync(target.fileno())
            content_type = filetypes.recognise(Path(temporary), name)
            if content_type is None:
                raise FileRefused(name=name)
            final = self.path(sha256)
            final.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, final)
            _sync_folder(final.parent)
            return Stored(sha256, size, content_type)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _copy(stream: IO[bytes], target: IO[bytes], name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > LARGEST:
            raise FileTooLarge(name=name, limit=LARGEST // 1024 // 1024)
        digest.update(chunk)
        target.write(chunk)
    if not size:
        raise FileEmpty(name=name)
    return digest.hexdigest(), size


def _sync_folder(folder: Path) -> None:
    # A rename is only safe from a power cut when the folder itself has been written.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clean_name(name: str) -> str:
    """This will return a file name without folders, control characters and what file systems and headers refuse."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        character
        for character in plain
        if character.isprintable() and character not in '<>:"|?*' and unicodedata.category(character) != "Cf"
    )
    stem, dot, suffix = kept.strip(" .").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem = stem[: LONGEST_NAME - len(suffix) - 1].strip(" .") or "file"
    return f"{stem}.{suffix[:20]}" if suffix else stem


def add(turn: Turn, stored: Stored, *, name: str, case_id: UUID | None, task_id: UUID | None) -> Attachment:
    """This will make the row of a stored file."""
    attachment = Attachment(
        id=new_id(),
        case_id=case_id,
        task_id=task_id,
        name=name,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        uploaded_at=turn.now,
        uploaded_by=turn.by.person_id,
    )
    turn.session.add(attachment)
    turn.session.flush()
    return attachment


def bind(turn: Turn, ids: Sequence[UUID], *, case_id: UUID, task_id: UUID | None) -> list[Change]:
    """This will tell how to bind attachments to a case: those of the case already, or of the person and no case yet.

    Raises FileNotFound, NotYourFile.
    """
    if not ids:
        return []
    loose = []
    for id, row in _rows(turn, ids).items():
        if row.removed_at is not None:
            raise FileNotFound
        if row.case_id is None and row.uploaded_by == turn.by.person_id:
            loose.append(id)
        elif row.case_id != case_id:
            raise NotYourFile
    if not loose:
        return []
    found = (ATTACHMENTS.c.id.in_(loose), ATTACHMENTS.c.case_id.is_(None))
    return [Change(update(ATTACHMENTS).where(*found).values(case_id=case_id, task_id=task_id))]


def _rows(turn: Turn, ids: Sequence[UUID]) -> dict[UUID, Attachment]:
    rows = {row.id: row for row in turn.session.scalars(select(Attachment).where(Attachment.id.in_(ids)))}
    if set(ids) - set(rows):
        raise FileNotFound
    return rows
