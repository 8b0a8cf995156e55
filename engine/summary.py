"""What lists show of a case, and the fields it is searched by: FEEL over case data, evaluated when that changed."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Insert, bindparam

from engine import feel
from engine.apps import FIELD_KINDS, ProcessApp, Summary
from engine.catalog import ZONE
from engine.db import table, upserting_on
from engine.definitions import Surroundings
from engine.directory import Place
from engine.errors import BihuanError
from engine.models import TONES, CaseField
from engine.prepared import Change, Prepared
from engine.turn import Turn

log = logging.getLogger(__name__)
LENGTHS = {"title": 300, "subject": 200, "badge": 32}
LOOK_AROUND = ("unit", "due")  # the org tree may have changed, and a limit of the case goes before its data
PLAIN = (str, int)
TELLS_TIME = re.compile(r"\b(now|today)\b")
END_OF_DAY = time(23, 59, 59)  # a day as a limit includes the whole day


@dataclass(frozen=True, slots=True)
class _Shown:
    """One expression of a summary, and the names that it reads; None: it may read more than the data."""

    name: str
    value: str | feel.Expression
    reads: frozenset[str] | None

    def is_as_before(self, old: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
        """This will tell whether it has the value that it had for `old`."""
        return self.reads is not None and all(_is_same(old.get(name), data.get(name)) for name in self.reads)


def _is_same(old: Any, new: Any) -> bool:
    """Whether a value is the old one, or a text or number that was given again."""
    return old is new or (type(old) is type(new) and type(new) in PLAIN and bool(old == new))


def summarise(
    turn: Turn,
    app: ProcessApp,
    row: dict[str, Any],
    data: Mapping[str, Any],
    around: Surroundings,
    old: Mapping[str, Any] | None = None,
) -> None:
    """This will bring title, subject, badge, tone, unit and due time of a case row up to date.

    `old` are the data from which the same expressions made it what it is.
    """
    environment = around.environment(turn.now)
    for shown in _plan(app.summary)[1]:
        if old is not None and shown.is_as_before(old, data):
            continue
        try:
            value = shown.value if isinstance(shown.value, str) else shown.value.evaluate(data, environment)
        except BihuanError as error:
            log.warning("summary %s of case %s: %s", shown.name, row["number"], error)
            continue
        _set(turn, row, shown.name, feel.to_json(value))


def stamp(app: ProcessApp) -> str:
    """This will tell the summary of an app from one with other expressions."""
    return _plan(app.summary)[0]


@lru_cache
def _plan(summary: Summary) -> tuple[str, tuple[_Shown, ...]]:
    found = []
    for name, text in summary.expressions():
        value = feel.literal_or_expression(text)
        reads = frozenset() if isinstance(value, str) else value.names | value.maybe_names
        looks_around = (
            name in LOOK_AROUND or (not isinstance(value, str) and value.functions) or TELLS_TIME.search(text)
        )
        found.append(_Shown(name, value, None if looks_around else reads))
    return sha256(repr([*summary.expressions()]).encode()).hexdigest()[:8], tuple(found)


def _set(turn: Turn, row: dict[str, Any], name: str, value: Any) -> None:
    if name == "due":
        row["due_at"] = moment(value)
    elif name == "unit":
        place = turn.directory.codes.get(str(value)) if value is not None else None
        if place is not None:
            set_place(row, turn.directory.living(place))
    elif name == "tone":
        row["tone"] = value if value in TONES else ""
    elif name != "title" or value:
        row[name] = plain(value)[: LENGTHS[name]]


def set_place(row: dict[str, Any], place: Place) -> None:
    """This will make the case belong to a unit."""
    row.update(unit_id=place.id, unit_path=place.path, unit_name=place.name, region=place.region)


def plain(value: Any) -> str:
    """This will return a value as text without what a database or a page cannot show."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else feel.dumps(value)
    if text.isprintable():
        return text.strip()
    return "".join(character for character in text if character.isprintable() or character in "\n\t").strip()


def moment(value: Any) -> datetime | None:
    """This will read an ISO date-time with zone, or a date (the end of that day), as UTC; None when it is neither."""
    try:
        if isinstance(value, str) and "T" not in value:
            return datetime.combine(date.fromisoformat(value), END_OF_DAY, ZONE).astimezone(UTC)
        found = datetime.fromisoformat(str(value).split("[", 1)[0]) if value else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=ZONE)).astimezone(UTC)


def searchable(app: ProcessApp, data: Mapping[str, Any]) -> dict[str, Any]:
    """This will return the values of the fields that the app declares searchable."""
    return {name: data.get(name) for name in app.fields}


def index_fields(
    turn: Turn, app: ProcessApp, case_id: Any, old: Mapping[str, Any], data: Mapping[str, Any]
) -> list[Change]:
    """This will tell how to store the searchable fields whose values changed."""
    changes: list[Change] = []
    for name, kind in app.fields.items():
        value = data.get(name)
        if value == old.get(name):
            continue
        columns = {**dict.fromkeys(FIELD_KINDS), kind: _typed(kind, value)}
        changes.append(Change(_FIELD, {"case_id": case_id, "name": name, **columns}))
    return changes


def _storing(backend: str) -> Insert:
    """A field as it is now, whether or not it was there before."""
    names = [column.name for column in table(CaseField).c]
    statement = upserting_on(backend, CaseField).values({name: bindparam(name) for name in names})
    changed = {name: statement.excluded[name] for name in FIELD_KINDS}
    return statement.on_conflict_do_update(index_elements=["case_id", "name"], set_=changed)


_FIELD = Prepared(_storing)


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        if kind == "number":
            return Decimal(str(value)) if not isinstance(value, bool) else None
        if kind == "day":
            return date.fromisoformat(str(value)[:10])
    except (ValueError, InvalidOperation):
        return None
    return plain(value)[:300]
