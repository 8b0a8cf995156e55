"""Histories for process mining: XES (IEEE 1849-2016) and OCEL 2.0 JSON, streamed, as other programs read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from xml.sax.saxutils import quoteattr

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from engine.db import table
from engine.history import EVENTS, events
from engine.models import Case, Person, Task

Row = Mapping[str, Any]
CASES, TASKS, PERSONS = table(Case), table(Task), table(Person)
# kinds of events -> transitions of the standard lifecycle model of IEEE 1849
TRANSITIONS = {
    "started": "start",
    "entered": "schedule",
    "claimed": "assign",
    "released": "reassign",
    "transferred": "reassign",
    "delegated": "reassign",
    "withdrawn": "withdraw",
    "suspended": "suspend",
    "resumed": "resume",
    "cancelled": "pi_abort",
}
SILENT = ("flow_taken",)
EXTENSIONS = {
    "Concept": "concept",
    "Time": "time",
    "Lifecycle": "lifecycle",
    "Organizational": "org",
    "Identity": "identity",
}
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold
BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which histories: of one process, of cases started from `since` on and before `until`; with or without names."""

    process_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_names: bool = True

    def of(self, asked: Select[Any]) -> Select[Any]:
        """This will narrow a question about cases."""
        if self.process_id is not None:
            asked = asked.where(CASES.c.process_id == self.process_id)
        if self.since is not None:
            asked = asked.where(CASES.c.started_at >= self.since)
        return asked if self.until is None else asked.where(CASES.c.started_at < self.until)

    def actor(self, event: Row) -> str:
        """This will return who did it: name and unit, or only a number."""
        if self.has_names:
            return str(event["actor"])
        return f"person:{event['actor_id']}" if event["actor_id"] is not None else ""


def _events(session: Session, chosen: Chosen) -> Iterator[Row]:
    of_case = (CASES.c.number.label("case_number"), CASES.c.process_id, CASES.c.unit_name, CASES.c.badge)
    named = (TASKS.c.role, TASKS.c.unit_name.label("task_unit"))
    joined = EVENTS.join(CASES, EVENTS.c.case_id == CASES.c.id).outerjoin(TASKS, EVENTS.c.task_id == TASKS.c.id)
    asked = select(EVENTS, *of_case, CASES.c.unit_id, *named).select_from(joined)
    telling = or_(EVENTS.c.kind.not_in(SILENT), EVENTS.c.followed != "")
    asked = chosen.of(asked).where(telling).order_by(EVENTS.c.case_id, EVENTS.c.seq)
    for event in events(session.execute(asked, execution_options={"yield_per": BATCH}).mappings()):
        if event["kind"] not in SILENT:
            of_no_task = {} if event["task_id"] is not None else {"role": None, "task_unit": None}
            yield {**event, **of_no_task}


def activity(event: Row) -> str:
    """This will return what the event is about: the name of the element, else of what was done."""
    return str(event["name"] or event["element"] or event["kind"])


def transition(event: Row) -> str:
    """This will return the step in the life of the activity."""
    return TRANSITIONS.get(event["kind"], "complete")


def xes(session: Session, chosen: Chosen) -> Iterator[str]:
    """This will write the histories as an XES log, a trace for each case."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    for name, prefix in EXTENSIONS.items():
        yield f'<extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{prefix}.xesext"/>\n'
    yield f'<global scope="trace">{_xes("string", "concept:name", "")}</global>\n'
    usual = _xes("string", "concept:name", "") + _xes("string", "lifecycle:transition", "complete")
    usual += _xes("date", "time:timestamp", "1970-01-01T00:00:00.000+00:00")
    yield f'<global scope="event">{usual}</global>\n'
    yield '<classifier name="Activity" keys="concept:name"/>\n'
    yield '<classifier name="Activity and transition" keys="concept:name lifecycle:transition"/>\n'
    yield _xes("string", "lifecycle:model", "standard") + "\n"
    for _, rows in groupby(_events(session, chosen), lambda row: row["case_id"]):
        yield from _trace(rows, chosen)
    yield "</log>\n"


def _trace(rows: Iterable[Row], chosen: Chosen) -> Iterator[str]:
    is_first = True
    for row in rows:
        if is_first:
            facts = {"concept:name": row["case_number"], "process": row["process_id"], "unit": row["unit_name"]}
            facts |= {"badge": row["badge"]}
            yield "<trace>" + "".join(_xes("string", key, value) for key, value in facts.items() if value)
            yield _xes("id", "identity:id", str(row["case_id"])) + "\n"
            is_first = False
        texts = {
            "concept:name": activity(row),
            "lifecycle:transition": transition(row),
            "org:resource": chosen.actor(row),
            "org:role": row["role"] or "",
            "org:group": row["task_unit"] or "",
            "kind": row["kind"],
            "element": row["element"],
            "origin": row["origin"] if chosen.has_names else "",
        }
        attributes = "".join(_xes("string", key, value) for key, value in texts.items() if value)
        yield f"<event>{attributes}{_xes('date', 'time:timestamp', _moment(row['at']))}</event>\n"
    yield "</trace>\n"


def _xes(kind: str, key: str, value: str) -> str:
    return f"<{kind} key={quoteattr(key)} value={quoteattr(UNFIT.sub('�', value))}/>"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


OBJECTS = {
    "case": {"number": "string", "process": "string", "title": "string", "state": "string", "badge": "string",
             "unit": "string", "due": "time", "ended": "time"},
    "task": {"name": "string", "element": "string", "role": "string", "unit": "string", "state": "string",
             "outcome": "string", "due": "time"},
    "person": {"name": "string"},
}  # fmt: skip
EVENT_ATTRIBUTES = {"kind": "string", "lifecycle": "string", "element": "string", "resource": "string"}


def ocel(session: Session, chosen: Chosen) -> Iterator[str]:
    """This will write the histories as an OCEL 2.0 log: cases, tasks and persons as objects, related by events."""
    types = [{"name": name, "attributes": _declared(known)} for name, known in OBJECTS.items()]
    yield f'{{"objectTypes":{_json(types)},\n"objects":['
    yield from _listed(_objects(session, chosen))
    yield '],\n"events":['
    names: dict[str, None] = {}
    yield from _listed(_ocel_event(row, names, chosen) for row in _events(session, chosen))
    kinds = [{"name": name, "attributes": _declared(EVENT_ATTRIBUTES)} for name in names]
    yield f'],\n"eventTypes":{_json(kinds)}}}\n'


def _declared(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in attributes.items()]


def _listed(items: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "\n"
    for item in items:
        yield before + _json(item)
        before = ",\n"


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _objects(session: Session, chosen: Chosen) -> Iterator[dict[str, Any]]:
    options = {"yield_per": BATCH}
    for row in session.execute(chosen.of(select(CASES)).order_by(CASES.c.id), execution_options=options).mappings():
        facts = {
            "number": row["number"],
            "process": row["process_id"],
            "title": row["title"] if chosen.has_names else "",
        }
        facts |= {"state": row["state"], "badge": row["badge"], "unit": row["unit_name"]}
        facts |= {"due": row["due_at"], "ended": row["ended_at"]}
        yield _object(f"case:{row['id']}", "case", row["started_at"], facts, {})
    tasks = chosen.of(select(TASKS).join_from(TASKS, CASES, TASKS.c.case_id == CASES.c.id)).order_by(TASKS.c.id)
    for row in session.execute(tasks, execution_options=options).mappings():
        facts = {"name": row["name"], "element": row["element"], "role": row["role"], "unit": row["unit_name"]}
        facts |= {"state": row["state"], "outcome": row["outcome"], "due": row["due_at"]}
        yield _object(f"task:{row['id']}", "task", row["created_at"], facts, {f"case:{row['case_id']}": "of"})
    acted = chosen.of(select(EVENTS.c.actor_id).join_from(EVENTS, CASES, EVENTS.c.case_id == CASES.c.id))
    persons = select(PERSONS.c.id, PERSONS.c.name).where(PERSONS.c.id.in_(acted.where(EVENTS.c.actor_id.is_not(None))))
    for id, name in session.execute(persons.order_by(PERSONS.c.id)):
        facts = {"name": name if chosen.has_names else ""}
        yield _object(f"person:{id}", "person", datetime(1970, 1, 1, tzinfo=UTC), facts, {})


def _object(id: str, type: str, at: datetime, facts: Mapping[str, Any], related: Mapping[str, str]) -> dict[str, Any]:
    values = {name: _moment(value) if isinstance(value, datetime) else value for name, value in facts.items() if value}
    attributes = [{"name": name, "time": _moment(at), "value": value} for name, value in values.items()]
    return {"id": id, "type": type, "attributes": attributes, "relationships": _related(related)}


def _ocel_event(row: Row, names: dict[str, None], chosen: Chosen) -> dict[str, Any]:
    name = activity(row)
    names[name] = None
    related = {f"case:{row['case_id']}": "in"}
    if row["task_id"] and row["role"] is not None:
        related[f"task:{row['task_id']}"] = "of"
    if row["actor_id"] is not None:
        related[f"person:{row['actor_id']}"] = "by"
    facts = {
        "kind": row["kind"],
        "lifecycle": transition(row),
        "element": row["element"],
        "resource": chosen.actor(row),
    }
    attributes = [{"name": key, "value": value} for key, value in facts.items() if value]
    return {"id": f"{row['case_id']}:{row['seq']}", "type": name, "time": _moment(row["at"]),
            "attributes": attributes, "relationships": _related(related)}  # fmt: skip


def _related(related: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"objectId": id, "qualifier": qualifier} for id, qualifier in related.items()]
