"""Registers: criteria, enterprises, category codes; rows in force from one day to another."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from engine import feel, prepared
from engine.apps import ProcessApp
from engine.catalog import ZONE
from engine.db import table, upserting
from engine.errors import Fault, FaultsFound
from engine.models import RegisterEntry
from engine.prepared import Prepared

EVER = date(1900, 1, 1)
OWN = {"code", "title", "detail", "effective_from", "effective_to", "unit_path"}
ENTRIES = table(RegisterEntry)
_DAY = bindparam("day", type_=ENTRIES.c.effective_from.type)
_HELD = Prepared(
    select(ENTRIES.c.id)
    .where(
        ENTRIES.c.register == bindparam("register"),
        ENTRIES.c.code == bindparam("code"),
        ENTRIES.c.effective_from <= _DAY,
        or_(ENTRIES.c.effective_to.is_(None), ENTRIES.c.effective_to >= _DAY),
    )
    .limit(1)
)


def load(session: Session, *, app: str, register: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """This will insert or update rows by register, code and effective_from, and return how many there were.

    Columns other than code, title, detail, effective_from, effective_to, unit_path become `data`. Raises FaultsFound.
    """
    found, faults = [], []
    for number, row in enumerate(rows, 2):  # line 1 of a file names the columns
        try:
            found.append(_entry(app, register, row))
        except (ValueError, KeyError, TypeError) as error:
            faults.append(Fault(f"{error}", name=register, line=number, code="register-row"))
    if faults:
        raise FaultsFound(faults)
    statement = upserting(session, RegisterEntry)
    kept = ("app", "title", "detail", "search", "unit_path", "effective_to", "data")
    upsert = statement.on_conflict_do_update(
        index_elements=["register", "code", "effective_from"],
        set_={name: statement.excluded[name] for name in kept},
    )
    if found:
        session.execute(upsert, found)
    return len(found)


def _entry(app: str, register: str, row: Mapping[str, Any]) -> dict[str, Any]:
    code, title = str(row.get("code") or "").strip(), str(row.get("title") or "").strip()
    if not code or not title:
        raise ValueError("code and title are required")
    detail = str(row.get("detail") or "").strip()
    data = {name: value for name, value in row.items() if name not in OWN and value not in (None, "")}
    words = (code, title, detail, *(value for value in data.values() if isinstance(value, str)))
    return {
        "app": app,
        "register": register,
        "code": code[:64],
        "title": title[:300],
        "detail": detail,
        "search": " ".join(words).lower(),
        "unit_path": str(row.get("unit_path") or "/"),
        "effective_from": _day(row.get("effective_from")) or EVER,
        "effective_to": _day(row.get("effective_to")),
        "data": feel.dumps(data),
    }


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date) or value in (None, ""):
        return value or None
    return date.fromisoformat(str(value).strip())


def load_files(session: Session, app: ProcessApp) -> int:
    """This will load the register files (CSV, UTF-8, first line names the columns) of an app."""
    count = 0
    for register, file in app.registers.items():
        with Path(app.folder, file).open(encoding="utf-8-sig", newline="") as lines:
            count += load(session, app=app.name, register=register, rows=csv.DictReader(lines))
    return count


def known(session: Session, now: datetime) -> Callable[[str, str, str | None], bool]:
    """This will return a question: does a register hold a code that is in force on an ISO day, today when None?"""
    today = now.astimezone(ZONE).date()

    def is_known(register: str, code: str, on: str | None = None) -> bool:
        try:
            day = date.fromisoformat(on[:10]) if isinstance(on, str) else today
        except ValueError:
            day = today  # the day's own field tells that it is no day
        return prepared.first(session, _HELD, {"register": register, "code": code, "day": day}) is not None

    return is_known
