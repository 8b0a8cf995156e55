"""What must be true of the tables whatever happened: cases, what stands for their tokens, counts, heads and files.

Nothing here can be false by a fault of a person; a finding tells of a fault of ours, of the disk, or of somebody who
wrote into the tables. Each says what an operator can do.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from engine import board_counts, feel
from engine.db import table
from engine.errors import Conflict
from engine.files import Store
from engine.history import EVENTS, HistoryBroken, length
from engine.models import (
    BEGUN,
    CANCELLED,
    CLOSED,
    HELD,
    OPEN,
    PAUSED,
    RUNNING,
    SUSPENDED,
    Attachment,
    Case,
    Definition,
    Incident,
    Job,
    Limit,
    Person,
    Queue,
    Resource,
    Subscription,
    Task,
    Unit,
)
from engine.writing import COPIED, JOB, SUBSCRIPTION, TASK

CASES, TASKS, JOBS, SUBSCRIPTIONS = (table(model) for model in (Case, Task, Job, Subscription))
INCIDENTS, ATTACHMENTS = table(Incident), table(Attachment)
LIMITS = table(Limit)
DEFINITIONS, RESOURCES, UNITS, QUEUES, PERSONS = (table(model) for model in (Definition, Resource, Unit, Queue, Person))
REFERENCES = (
    ("case", CASES, {"definition_id": DEFINITIONS, "unit_id": UNITS, "started_by": PERSONS}),
    (
        "task",
        TASKS,
        {
            "definition_id": DEFINITIONS,
            "resource_id": RESOURCES,
            "unit_id": UNITS,
            "queue_id": QUEUES,
            "assignee_id": PERSONS,
            "completed_by": PERSONS,
        },
    ),
)
BATCH = 500
MOST_LOST = 100  # of one kind: the first ones show what happened
CHUNK = 1024 * 1024

Row = RowMapping
Token = tuple[str, int]


class Unsound(Conflict):
    """Case {case} does not hold together."""


class RowMissing(Unsound):
    """Case {case} waits at {element} for a {kind} that is gone. Suspend the case and look it up in a backup."""


class RowLeft(Unsound):
    """A {kind} at {element} is open, but case {case} does not wait for it. Whoever finishes it is told to try again."""


class TokenUnknown(Unsound):
    """Case {case} waits for the {kind} of a token that it does not have. Suspend it and look it up in a backup."""


class NothingWaits(Unsound):
    """Case {case} is open, but nothing waits in it and no incident tells why. Cancel it with this as the reason."""


class IncidentsMiscounted(Unsound):
    """Case {case} counts {kept} open incidents and has {found}. Its list of incidents is right, the count is not."""


class EndTimeWrong(Unsound):
    """Case {case} is {state}, and its times of ending or suspension say otherwise. Compare it with its history."""


class CopyOld(Unsound):
    """A task of case {case} shows another {field} than its case. The next step of the case corrects it."""


class HeadWrong(Unsound):
    """Case {case} counts {kept} events of history and has {found}. Run: bihuan audit verify --case {case}"""


class JobSilent(Unsound):
    """A job of case {case} at {element} failed for good and no incident tells so. Cancel the case or repair the job."""


class LimitLost(Unsound):
    """Case {case} counts on the limit {code}, which is not in the tables as running. Look it up in a backup."""


class LimitLeft(Unsound):
    """The limit {code} runs and case {case} does not know of it. It will warn of nothing that waits."""


class BoardMiscounted(Unsound):
    """Boards count {kept} open tasks “{step}” in {unit} due {day}; there are {found}. Run: bihuan doctor --recount"""


class ReferenceLost(Unsound):
    """A {kind} of case {case} points to {column} {id}, which is gone. Look the row up in a backup and put it back."""


class FileMissing(Unsound):
    """The file “{name}” of case {case} is not in the store. Copy {sha256} back from a backup."""


class FileDamaged(Unsound):
    """The file “{name}” of case {case} is not what was uploaded. Copy {sha256} back from a backup."""


class HalfFile(Unsound):
    """Half a file lies in the store: {name}. A transfer was cut off; delete it when nobody is uploading."""


@dataclass(slots=True)
class _Rows:
    """What the tables hold of the cases of one batch, by case."""

    tokens: dict[UUID, dict[Token, Row]] = field(default_factory=lambda: defaultdict(dict))
    incidents: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    events: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    limits: dict[UUID, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))  # id -> code


def look(session: Session, *, case_id: UUID | None = None) -> Iterator[Unsound]:
    """This will compare all cases, or one, with everything that stands for them, and tell what does not fit."""
    after: UUID | None = None
    while True:
        asked = select(CASES).order_by(CASES.c.id).limit(BATCH)
        if case_id is not None:
            asked = asked.where(CASES.c.id == case_id)
        elif after is not None:
            asked = asked.where(CASES.c.id > after)
        batch = session.execute(asked).mappings().all()
        if batch:
            rows = _read(session, batch[0]["id"], batch[-1]["id"])
            for case in batch:
                yield from _check(case, rows)
            after = batch[-1]["id"]
        if len(batch) < BATCH or case_id is not None:
            return


def _read(session: Session, first: UUID, last: UUID) -> _Rows:
    rows = _Rows()
    for kind, source in ((TASK, TASKS), (JOB, JOBS), (SUBSCRIPTION, SUBSCRIPTIONS)):
        found = select(source).where(source.c.case_id.between(first, last))
        if kind == TASK:
            found = found.where(TASKS.c.state.in_((OPEN, HELD)), TASKS.c.sign == 0)
        elif kind == SUBSCRIPTION:
            found = found.where(SUBSCRIPTIONS.c.kind != BEGUN)  # stands for the case, not for one of its tokens
        elif kind == JOB:
            found = found.where(JOBS.c.token.is_not(None))  # those of limits wait for no token
        for row in session.execute(found).mappings():
            rows.tokens[row["case_id"]][kind, row["token"]] = row
    open_ones = select(INCIDENTS).where(INCIDENTS.c.case_id.between(first, last), INCIDENTS.c.resolved_at.is_(None))
    for row in session.execute(open_ones).mappings():
        rows.incidents[row["case_id"]].append(row)
    running = select(LIMITS.c.case_id, LIMITS.c.id, LIMITS.c.code).where(
        LIMITS.c.case_id.between(first, last), LIMITS.c.state.in_((RUNNING, PAUSED))
    )
    for of_case, id, code in session.execute(running):
        rows.limits[of_case][str(id)] = code
    held = select(EVENTS.c.case_id, EVENTS.c.seq, EVENTS.c.followed).where(EVENTS.c.case_id.between(first, last))
    for row in session.execute(held, execution_options={"yield_per": 2_000}).mappings():
        rows.events[row["case_id"]] += _length(row)
    return rows


def _length(row: Row) -> int:
    try:
        return length(row)
    except HistoryBroken:
        return 1  # then the head does not fit, which is told


def _check(case: Row, rows: _Rows) -> Iterator[Unsound]:
    number, id = case["number"], case["id"]
    kept = feel.loads(case["snapshot"])
    waiting = {(kind, int(token)) for token, kind in kept.get("waiting", {}).items()}
    held, incidents = rows.tokens.get(id, {}), rows.incidents.get(id, [])
    places = {token[0]: token for token in kept.get("state", {}).get("tokens", ())}
    for kind, token in sorted(waiting - held.keys()):
        yield RowMissing(case=number, kind=kind, element=_element(places.get(token)))
    for kind, token in sorted(held.keys() - waiting):
        yield RowLeft(case=number, kind=kind, element=held[kind, token]["element"])
    for kind, token in sorted(waiting):
        if token not in places:
            yield TokenUnknown(case=number, kind=kind)
    yield from _check_limits(number, {limit["id"]: limit["code"] for limit in kept.get("limits", ())}, rows.limits[id])
    if case["incidents"] != len(incidents):
        yield IncidentsMiscounted(case=number, kept=case["incidents"], found=len(incidents))
    if case["history_seq"] != rows.events[id]:
        yield HeadWrong(case=number, kept=case["history_seq"], found=rows.events[id])
    yield from _check_state(case, places.values(), bool(waiting or kept.get("offers") or incidents))
    yield from _check_rows(case, held, incidents)


def _check_limits(number: str, kept: Mapping[str, str], held: Mapping[str, str]) -> Iterator[Unsound]:
    for id in sorted(kept.keys() - held.keys()):
        yield LimitLost(case=number, code=kept[id])
    for id in sorted(held.keys() - kept.keys()):
        yield LimitLeft(case=number, code=held[id])


def _element(token: Sequence[Any] | None) -> str:
    return str(token[3]) if token is not None else "?"


def _check_state(case: Row, tokens: Iterable[Sequence[Any]], something_waits: bool) -> Iterator[Unsound]:
    number, state = case["number"], case["state"]
    has_ended = state in (CLOSED, CANCELLED)
    if has_ended != (case["ended_at"] is not None) or (state == SUSPENDED) != (case["suspended_at"] is not None):
        yield EndTimeWrong(case=number, state=state)
    is_waiting = something_waits or any((token[5] or {}).get("open") for token in tokens)
    if not has_ended and not is_waiting:
        yield NothingWaits(case=number)


def _check_rows(case: Row, held: Mapping[Token, Row], incidents: Sequence[Row]) -> Iterator[Unsound]:
    told = {incident["job_id"] for incident in incidents}
    for (kind, _token), row in held.items():
        if kind == JOB and row["state"] == "failed" and row["id"] not in told:
            yield JobSilent(case=case["number"], element=row["element"])
        if kind == TASK:
            for of_case, of_task in COPIED.items():
                if row[of_task] != case[of_case]:
                    yield CopyOld(case=case["number"], field=of_case)


def look_at_boards(session: Session) -> Iterator[Unsound]:
    """This will tell which counts of boards are not those of the open tasks."""
    names: dict[int, str] = {row.id: row.name for row in session.execute(select(Unit.id, Unit.name))}
    for row in board_counts.differences(session):
        told = {name: row[name] for name in ("kept", "found", "step", "day")}
        yield BoardMiscounted(case="-", unit=names.get(row["unit_id"], row["unit_path"]), **told)


def look_at_references(session: Session) -> Iterator[Unsound]:
    """This will tell which cases and tasks point to definitions, forms, units, queues or persons that are gone.

    These are never deleted, so the database is spared from looking after each reference.
    """
    for kind, source, columns in REFERENCES:
        number = CASES.c.number if kind == "case" else TASKS.c.case_number
        for name, target in columns.items():
            lost = select(number, source.c[name]).join_from(source, target, source.c[name] == target.c.id, isouter=True)
            found = lost.where(source.c[name].is_not(None), target.c.id.is_(None)).limit(MOST_LOST)
            for case, id in session.execute(found):
                yield ReferenceLost(case=case, kind=kind, column=name, id=id)


def look_at_files(session: Session, folder: Path, *, is_deep: bool = False) -> Iterator[Unsound]:
    """This will tell which attachments are not in the store as they were uploaded; `is_deep` reads every byte."""
    store = Store(folder)
    named = select(ATTACHMENTS, CASES.c.number).join_from(ATTACHMENTS, CASES, isouter=True)
    seen: dict[str, bool] = {}
    for row in session.execute(named.where(ATTACHMENTS.c.removed_at.is_(None))).mappings():
        told = {"case": row["number"] or "-", "name": row["name"], "sha256": row["sha256"]}
        path = store.path(row["sha256"])
        if not path.is_file():
            yield FileMissing(**told)
            continue
        if row["sha256"] not in seen:
            is_whole = path.stat().st_size == row["size"]
            seen[row["sha256"]] = is_whole and (not is_deep or digest_of(path) == row["sha256"])
        if not seen[row["sha256"]]:
            yield FileDamaged(**told)
    for half in sorted(folder.glob(".upload-*")):
        yield HalfFile(case="-", name=half.name)


def digest_of(path: Path) -> str:
    """This will return the SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()
