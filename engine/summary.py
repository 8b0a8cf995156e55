"""What lists show of a case, and the fields it is searched by: FEEL over case data, evaluated when that changed."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
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
from engine.directory import Directory, Place
from engine.errors import BihuanError
from engine.models import TONES, CaseField
from engine.prepared import Change, Prepared
from engine.turn import Turn

log = logging.getLogger(__name__)
LENGTHS = {"title": 300, "subject": 200, "badge": 32}
# Functions that say of the same values the same until the directory changes.
STEADY = frozenset({"end of day", *Directory(0).functions()})
PLAIN = (str, int)
TELLS_TIME = re.compile(r"\b(now|today)\b")
END_OF_DAY = time(23, 59, 59)  # a day as a limit includes the whole day


@dataclass(frozen=True, slots=True)
class _Shown:
    """One expression of a summary, and the names that it reads; None: it may read more than the data."""

    name: str
    value: str | feel.Expression
    reads: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The expressions of a summary, all names that they read, and what tells them from others."""

    stamp: str
    shown: tuple[_Shown, ...]
    reads: frozenset[str]


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
    running: Sequence[Mapping[str, Any]] = (),
) -> None:
    """This will bring title, subject, badge, tone, unit and due time of a case row up to date.

    `old` are the data from which the same expressions made it what it is, with the same directory; but it was due by
    its own among the limits that were `running`.
    """
    plan = _plan(app.summary, frozenset(app.functions))
    anew: Sequence[_Shown] = plan.shown
    if old is not None:
        changed = {name for name in plan.reads if not _is_same(old.get(name), data.get(name))}
        is_limited = any(limit["token"] is None for limit in running)
        anew = [
            shown
            for shown in plan.shown
            if shown.reads is None or not shown.reads.isdisjoint(changed) or (is_limited and shown.name == "due")
        ]
    for shown in anew:
        try:
            value = shown.value
            if not isinstance(value, str):
                value = value.evaluate(data, around.environment(turn.now))
        except BihuanError as error:
            log.warning("summary %s of case %s: %s", shown.name, row["number"], error)
            continue
        _set(turn, row, shown.name, feel.to_json(value))


def stamp(app: ProcessApp, directory: Directory) -> str:
    """This will tell the summary of an app from one with other expressions, or with another directory."""
    return f"{_plan(app.summary, frozenset(app.functions)).stamp}.{directory.version}"


@lru_cache
def _plan(summary: Summary, own: frozenset[str]) -> _Plan:
    """`own` are the functions of the app: they may look at anything, and go before those of the same name."""
    found = []
    for name, text in summary.expressions():
        value = feel.literal_or_expression(text)
        reads = frozenset() if isinstance(value, str) else value.names | value.maybe_names
        calls = frozenset() if isinstance(value, str) else value.functions
        looks_around = not calls <= STEADY - own or TELLS_TIME.search(text)
        found.append(_Shown(name, value, None if looks_around else reads))
    expressions = [*summary.expressions()]
    reads = frozenset[str]().union(*(shown.reads for shown in found if shown.reads is not None))
    return _Plan(sha256(repr(expressions).encode()).hexdigest()[:8], tuple(found), reads)


def _set(turn: Turn, row: dict[str, Any], name: str, value: Any) -> None:
    if name == "due":
        row["due_at"] = moment(value)
    elif name == "unit":
        place = turn.directory.codes.get(str(value)) if value is not None else None
        if place is not None:
            set_place(row, place if place.is_active else turn.directory.living(place))
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


def index_fields(
    turn: Turn, app: ProcessApp, case_id: Any, old: Mapping[str, Any], data: Mapping[str, Any]
) -> list[Change]:
    """This will tell how to store the searchable fields whose values are not those of `old`."""
    values: dict[str, Any] = {"case_id": case_id}
    count = 0
    for name, kind in app.fields.items():
        value = data.get(name)
        if value == old.get(name):
            continue
        columns = {**dict.fromkeys(FIELD_KINDS), kind: _typed(kind, value)}
        values |= {f"name_{count}": name} | {f"{each}_{count}": kept for each, kept in columns.items()}
        count += 1
    return [Change(_fields(count), values)] if count else []


@lru_cache
def _fields(count: int) -> Prepared:
    """Stores fields as they are now, whether or not they were there before."""
    own = {column.name: column.type for column in table(CaseField).c if column.name != "case_id"}
    rows: list[dict[str, Any]] = [
        {name: bindparam(f"{name}_{number}", type_=kind) for name, kind in own.items()} for number in range(count)
    ]
    for row in rows:
        row["case_id"] = bindparam("case_id", type_=table(CaseField).c.case_id.type)

    def storing(backend: str) -> Insert:
        statement = upserting_on(backend, CaseField).values(rows)
        changed = {name: statement.excluded[name] for name in FIELD_KINDS}
        return statement.on_conflict_do_update(index_elements=["case_id", "name"], set_=changed)

    return Prepared(storing)


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
