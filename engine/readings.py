"""Copies of cases for people who only have to know: sent by somebody or by a diagram, read with a receipt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from engine import cases, feel, notices
from engine.access import NotYourCase, may_see_case
from engine.cases import Running
from engine.db import table
from engine.errors import BihuanError, Invalid, NotFound
from engine.history import Entry
from engine.models import Reading, new_id
from engine.prepared import Change
from engine.turn import Turn

Data = dict[str, Any]
READINGS = table(Reading)
CC = "bihuan:cc"
MOST = 200  # readers of one sending
LONGEST_NOTE = 2000
COPY = "copy"  # the kind of an incident


class CopyInvalid(Invalid):
    """The copy cannot be sent."""


class CopyNoteTooLong(CopyInvalid):
    """The note of a copy has up to {limit} characters."""


class NobodyFound(CopyInvalid):
    """Nobody is found for {name}, so no copy can be sent."""


class NobodyNamed(CopyInvalid):
    """Nobody is named to whom the copy is sent."""


class TooManyReaders(CopyInvalid):
    """A copy is sent to at most {limit} people at once."""


class ReadersUnclear(CopyInvalid):
    """Whom a copy is sent to is given as neither text nor a list of text."""


class ReadingNotFound(NotFound):
    """There is no such copy for you."""


def copy(turn: Turn, case_id: UUID, to: Sequence[str], *, note: str, task_id: UUID | None) -> list[Reading]:
    """This will send copies of a case that the person may see. Raises NotYourCase, CopyInvalid."""
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise CopyNoteTooLong(limit=LONGEST_NOTE)
    running = cases.load(turn, case_id)
    row = running.row
    seen = cases.had_task(turn.session, turn.by, case_id)
    if not may_see_case(turn.by, unit_path=row["unit_path"], started_by=row["started_by"], had_task=seen):
        raise NotYourCase(unit=row["unit_name"])
    persons = [id for id in _persons(turn, to) if id != turn.by.person_id]
    rows = _rows(turn, running, persons, note=note, task_id=task_id)
    if rows:
        entry = Entry(kind="copied", task_id=task_id, detail={**_told(turn, rows), "text": note})
        cases.record(turn, running, [entry], _sent(turn, running, rows, note))
    return [Reading(**each) for each in rows]


def _persons(turn: Turn, to: Iterable[str]) -> list[int]:
    """The active persons behind logins and role@unit code. Raises CopyInvalid."""
    found: dict[int, None] = {}
    for text in filter(None, (each.strip() for each in to)):
        ids = list(_behind(turn, text))
        if not ids:
            raise NobodyFound(name=text)
        found.update(dict.fromkeys(ids))
    if not found:
        raise NobodyNamed
    if len(found) > MOST:
        raise TooManyReaders(limit=MOST)
    return list(found)


def _behind(turn: Turn, text: str) -> Iterator[int]:
    directory = turn.directory
    role, at, code = text.partition("@")
    if not at:
        official = directory.logins.get(text)
        if official is not None:
            yield official.id
    elif code in directory.codes:
        place = directory.find_holder([role], directory.codes[code])
        if place is not None:
            yield from directory.held.get((place.id, role), ())


def _rows(
    turn: Turn,
    running: Running,
    persons: Sequence[int],
    *,
    note: str,
    task_id: UUID | None,
    is_rule: bool = False,
) -> list[Data]:
    unread = select(READINGS.c.person_id).where(
        READINGS.c.case_id == running.id, READINGS.c.person_id.in_(persons), READINGS.c.read_at.is_(None)
    )
    has_one = set(turn.session.scalars(unread))
    shared = {
        "case_id": running.id,
        "task_id": task_id,
        "sent_by": None if is_rule else turn.by.person_id,
        "sent_at": turn.now,
        "sender": "" if is_rule else turn.by.label[:200],
        "note": note,
        "read_at": None,
        "case_number": running.row["number"],
        "case_title": running.row["title"],
    }
    return [{"id": new_id(), "person_id": id, **shared} for id in persons if id not in has_one]


def _sent(turn: Turn, running: Running, rows: Sequence[Data], note: str) -> list[Change]:
    detail = {"by": notices.label(turn), **({"text": note[: notices.LONGEST]} if note else {})}
    persons = [row["person_id"] for row in rows]
    told = notices.tell(turn, persons, notices.COPIED, case=running.row, detail=detail)
    return [Change(insert(READINGS).values(rows)), *told]


def _told(turn: Turn, rows: Sequence[Data]) -> Data:
    return {"to": [turn.directory.officials[row["person_id"]].name for row in rows]}


def copy_after(turn: Turn, running: Running, row: Data, text: str | None) -> None:
    """This will send the copies that `bihuan:cc` wants of a task just completed; what fails is an incident.

    The expression sees the case data after the task and gives a login or role@unit code, or a list of them.
    """
    if not text:
        return
    at = {"element": row["element"], "name": row["name"], "task_id": row["id"]}
    try:
        persons = _persons(turn, named) if (named := _named(turn, running, text)) else []
    except BihuanError as error:
        detail = {"expression": text, "place": CC, "task": str(row["id"])}
        reason = f"{CC} {text}: {error.message}"
        cases.raise_incident(turn, running, COPY, None, row["element"], row["name"], reason, detail)
        return
    rows = _rows(turn, running, persons, note="", task_id=row["id"], is_rule=True)
    if rows:
        entry = Entry(kind="copied", **at, detail={**_told(turn, rows), "rule": CC})
        cases.record(turn, running, [entry], _sent(turn, running, rows, ""))


def _named(turn: Turn, running: Running, text: str) -> list[str]:
    wanted = feel.literal_or_expression(text)
    around = turn.surroundings(running.app, running.row["definition_id"])
    found = wanted if isinstance(wanted, str) else wanted.evaluate(running.data, around.environment(turn.now))
    named = found.split(",") if isinstance(found, str) else found or []
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise ReadersUnclear
    return named


def copy_again(turn: Turn, running: Running, incident: Data) -> None:
    """This will try again what `bihuan:cc` wanted and failed. Raises BihuanError."""
    detail = feel.loads(incident["detail"])
    persons = _persons(turn, _named(turn, running, detail["expression"]))
    rows = _rows(turn, running, persons, note="", task_id=UUID(detail["task"]), is_rule=True)
    if rows:
        turn.session.execute(insert(READINGS).values(rows))


def mark_read(turn: Turn, reading_id: UUID) -> Reading:
    """This will give the receipt of a copy that was sent to the person, and tell the case. Raises ReadingNotFound."""
    reading = turn.session.get(Reading, reading_id)
    if reading is None or reading.person_id != turn.by.person_id:
        raise ReadingNotFound
    if reading.read_at is None:
        running = cases.load(turn, reading.case_id)
        change = update(READINGS).where(READINGS.c.id == reading_id).values(read_at=turn.now)
        cases.record(turn, running, [Entry(kind="read", task_id=reading.task_id)], [Change(change)])
        turn.session.expire(reading)
        reading = turn.session.get_one(Reading, reading_id)
    return reading
