"""Cases begin: by a person, a message, a signal or a timer; each gets its number and its unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import cases, counters, files, prepared, singles, submission, writing
from engine.access import MayNotStart, may_start
from engine.apps import ProcessApp
from engine.bpmn.stimuli import Start
from engine.cases import CASES, Running
from engine.catalog import ZONE, Listed
from engine.definitions import ProcessNotFound
from engine.directory import Place
from engine.errors import Conflict
from engine.models import BEGUN, OPEN, Case, Subscription, new_id
from engine.people import UnitNotFound
from engine.prepared import Prepared
from engine.summary import set_place
from engine.turn import Turn

Data = dict[str, Any]
DEFAULT_NUMBER = "{process}-{year}-{seq:05}"
SEQUENCE = re.compile(r"\{seq[^}]*\}")

_OF_ORIGIN = Prepared(select(CASES.c.number).where(CASES.c.origin == bindparam("origin")).limit(1))


class AlreadyImported(Conflict):
    """{origin} was imported before, as case {case}."""


def start_by_person(
    turn: Turn,
    process_id: str,
    sent: Mapping[str, Any],
    *,
    unit_code: str | None = None,
    origin: str | None = None,
    attachments: Sequence[UUID] = (),
    locale: str = "zh",
) -> Case:
    """This will start a case with the data of the process's start form.

    The engine itself (an import, a demo) may start every process and, where there is no form, give any data. Raises
    MayNotStart, FormInvalid, AlreadyImported, AlreadyRuns, UnitNotFound.
    """
    listed = _newest(turn, process_id)
    app = turn.library.app(listed.app)
    if not may_start(turn.by, app.starters.get(process_id, ())):
        roles = app.starters.get(process_id, ())
        raise MayNotStart(needed="、".join(app.roles.get(role, role) for role in roles) or process_id)
    process = turn.library.process(turn.session, listed.id)
    start = next((start for start in process.starts if start.kind == "none"), None)
    data, named = dict(sent), list(attachments)
    around = turn.surroundings(app, listed.id)
    if start is not None and start.form_id:
        form = turn.catalog.resource(
            "form", start.form_id, now=turn.now, binding=start.form_binding, caller=turn.catalog.definitions[listed.id]
        )
        data, found = submission.check(
            turn, form.id if form else None, sent, outcome=None, case={}, around=around, locale=locale
        )
        named.extend(found)
    matter = singles.filled(turn, app, listed, data).key
    if matter is not None:
        singles.refuse_second(turn, process_id, matter)
    running = start_case(turn, listed, data, unit_code=unit_code, origin=origin)
    prepared.send(turn.session, files.bind(turn, list(dict.fromkeys(named)), case_id=running.id, task_id=None))
    return running.as_case()


def _newest(turn: Turn, process_id: str) -> Listed:
    listed = turn.catalog.process(process_id)
    if listed is None:
        raise ProcessNotFound(process=process_id)
    return listed


def start_case(
    turn: Turn,
    listed: Listed,
    data: Data,
    *,
    unit_code: str | None = None,
    origin: str | None = None,
    element: str | None = None,
    key: str | None = None,
) -> Running:
    """This will start a case of a definition, at its none start event or at the start event `element`.

    `key` is that of the message that starts it, or of its matter: until the case has ended no other message with it
    starts one.
    """
    app = turn.library.app(listed.app)
    process = turn.library.process(turn.session, listed.id)
    matter = singles.filled(turn, app, listed, data)
    key = key or matter.key
    _refuse_twice(turn, origin)
    place = _place(turn, unit_code or matter.unit_code)
    row = _row(turn, app, listed, place, origin)
    running = Running(row=row, data={}, state={}, process=process, app=app, key=key, is_new=True)
    given = {**matter.data, "initiator": initiator(turn)}
    cases.advance(turn, running, Start(data=given, element=element))
    if key is not None and running.row["state"] == OPEN:
        prepared.send(turn.session, writing.inserting(Subscription, [_begun(running, element or "", key)]))
    return running


def _begun(running: Running, element: str, key: str) -> Data:
    """What stands for the key that a case was begun with; token 0 is the case itself."""
    named = {"kind": BEGUN, "name": running.row["process_id"], "correlation_key": key}
    return {"id": new_id(), "case_id": running.id, "token": 0, "element": element, **named}


def _refuse_twice(turn: Turn, origin: str | None) -> None:
    if origin is None:
        return
    found = prepared.first(turn.session, _OF_ORIGIN, {"origin": origin})
    if found is not None:
        raise AlreadyImported(origin=origin, case=found[0])


def _place(turn: Turn, unit_code: str | None) -> Place | None:
    if unit_code is not None:
        place = turn.directory.codes.get(unit_code)
        if place is None:
            raise UnitNotFound(code=unit_code)
        return place
    return turn.directory.units.get(turn.by.unit_id) if turn.by.unit_id is not None else None


def initiator(turn: Turn) -> Data | None:
    """This will describe who starts a case, as its data keep it; None when nobody does."""
    if turn.by.person_id is None:
        return None
    place = turn.directory.units.get(turn.by.unit_id) if turn.by.unit_id is not None else None
    return {"login": turn.by.login, "name": turn.by.name, "unit": place.code if place else None}


def _row(turn: Turn, app: ProcessApp, listed: Listed, place: Place | None, origin: str | None) -> Data:
    row = dict.fromkeys(cases.NAMES)
    row.update(
        id=new_id(),
        title=listed.name or listed.key,
        subject="",
        badge="",
        tone="",
        app=app.name,
        process_id=listed.key,
        definition_id=listed.id,
        state=OPEN,
        version=1,
        incidents=0,
        unit_path="/",
        unit_name="",
        region="",
        started_at=turn.now,
        started_by=turn.by.person_id,
        origin=origin,
        history_seq=0,
        history_hash="",
    )
    if place is not None:
        set_place(row, place)
    row["number"] = _number(turn, app, listed.key, row["region"] or "")
    return row


def _number(turn: Turn, app: ProcessApp, process_id: str, region: str) -> str:
    pattern = app.number if process_id == app.process else DEFAULT_NUMBER
    year = turn.now.astimezone(ZONE).year
    series = SEQUENCE.sub("#", pattern).format(process=process_id, region=region, year=year)
    seq = counters.next_value(turn.session, f"{app.name}:{series}"[:200])
    return pattern.format(process=process_id, region=region, year=year, seq=seq)
