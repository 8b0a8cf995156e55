"""Matters of which one case at a time runs: whoever would start a second one is led to the case that is open."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, func, select

from engine import feel, prepared
from engine.apps import ProcessApp, Single
from engine.catalog import Listed
from engine.db import is_postgresql, table
from engine.errors import Conflict
from engine.models import BEGUN, Case, Subscription
from engine.prepared import Prepared
from engine.turn import Turn

Data = dict[str, Any]
CASES, SUBSCRIPTIONS = table(Case), table(Subscription)
LONGEST = 200  # characters of a key, as of every correlation key

_QUEUED: ColumnElement[Any] = func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger), type_=String)
_QUEUEING = Prepared(select(_QUEUED))
_BEGUN = Prepared(
    select(SUBSCRIPTIONS.c.case_id)
    .where(
        SUBSCRIPTIONS.c.kind == BEGUN,
        SUBSCRIPTIONS.c.name == bindparam("process", type_=String),
        SUBSCRIPTIONS.c.correlation_key == bindparam("key", type_=String),
    )
    .limit(1)
)


class AlreadyRuns(Conflict):
    """“{title}” ({number}) is still open for the same matter; add to that case instead of starting another one."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a case begins with: its data, the key of its matter (None: it excludes no others), its unit when known."""

    data: Data
    key: str | None = None
    unit_code: str | None = None


def filled(turn: Turn, app: ProcessApp, listed: Listed, data: Mapping[str, Any]) -> Matter:
    """This will fill in what the app says of the matter of a case that begins with `data`."""
    single = app.singles.get(listed.key)
    if single is None:
        return Matter(dict(data))
    environment = turn.surroundings(app, listed.id).environment(turn.now)
    found = dict(data)
    for name, text in single.given.items():
        found[name] = _value(text, found, environment)
    key, unit_code = _value(single.key, found, environment), _value(single.unit, found, environment)
    return Matter(found, str(key)[:LONGEST] if key else None, str(unit_code) if unit_code else None)


def _value(text: str, data: Mapping[str, Any], environment: feel.Environment) -> Any:
    expression = feel.literal_or_expression(text)
    return expression if isinstance(expression, str) else feel.to_json(expression.evaluate(data, environment))


def open_case(turn: Turn, process_id: str, key: str) -> UUID | None:
    """This will return the case of a process that runs for a key; nobody else may start one until this turn ends."""
    asked: list[tuple[Prepared, Data]] = [(_BEGUN, {"process": process_id, "key": key})]
    if is_postgresql(turn.session):
        digest = hashlib.sha256("\0".join((BEGUN, process_id, key)).encode("utf-8", "surrogatepass")).digest()
        asked.insert(0, (_QUEUEING, {"number": int.from_bytes(digest[:8], "big", signed=True)}))
    found = prepared.rows(turn.session, *asked)[-1]
    return found[0][0] if found else None


def refuse_second(turn: Turn, process_id: str, key: str) -> None:
    """This will refuse to start a case for a matter that one runs for. Raises AlreadyRuns."""
    case_id = open_case(turn, process_id, key)
    if case_id is not None:
        row = turn.session.execute(select(CASES.c.number, CASES.c.title).where(CASES.c.id == case_id)).one()
        raise AlreadyRuns(title=row.title, number=row.number)


def single_of(turn: Turn, listed: Listed) -> Single | None:
    """This will return how cases of a process exclude each other; None when they do not."""
    return turn.library.app(listed.app).singles.get(listed.key)
