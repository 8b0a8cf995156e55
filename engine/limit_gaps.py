"""What a limit lacks when it should begin: a rule that is in force, or the last day. Each is an incident."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import feel, opening
from engine.calendars import day_of
from engine.db import table
from engine.errors import BihuanError, Invalid
from engine.limit_definitions import CASE, LimitDefinition
from engine.models import Incident
from engine.opening import Opening
from engine.turn import Turn

Data = dict[str, Any]
INCIDENTS = table(Incident)
GAP = "limit"  # the kind of these incidents
PLACE = "last day"
UNKNOWN = ("unknown variable", "unknown property")  # what the case does not know yet: the term counts


class LastDayUnclear(Invalid):
    """{problem}"""


def last_day(definition: LimitDefinition, data: Mapping[str, Any], environment: feel.Environment) -> date | None:
    """This will return the last day that the case data name; None when they name none, and the term counts.

    Raises LastDayUnclear when the expression fails, or what it gives is no day.
    """
    expression = definition.last_day
    if expression is None:
        return None
    try:
        found = expression.explain(data, environment)
        value = feel.to_json(found.value)
        if value is not None and value != "":
            return day_of(value)
    except BihuanError as error:
        raise LastDayUnclear(problem=error.message) from error
    # null because nothing is named is an answer; null because something named cannot be read is none
    is_named = not expression.names or any(data.get(name) not in (None, "") for name in expression.names)
    problems = [each for each in found.warnings if each.message_key not in UNKNOWN]
    if value is None and problems and is_named:
        raise LastDayUnclear(problem=problems[0].text("en"))
    return None


def note_missing(
    turn: Turn, into: Opening, case: Data, code: str, *, element: str, event: str, token: int | None
) -> None:
    """This will raise an incident of a limit that should begin now and of which no version is in force.

    That of a case is told once, however many of its steps name it, and outlives them.
    """
    newest = turn.catalog.resources.get(("limit", code))
    definition = turn.library.limit(turn.session, newest[-1].id) if newest else None
    name = definition.name if definition is not None else code
    if definition is not None and definition.scope == CASE:
        token = None
        if any(row["kind"] == GAP and row["name"] == name for row in into.rows.get(Incident, ())):
            return
        if case["incidents"] and _is_told(turn, case["id"], name):
            return
    reason = f"no limit {code} is in force"
    detail = {"limit": code, "since": turn.now.isoformat(), "event": event}
    opening.incident(turn, into, case, GAP, token, element, name, reason, detail)


def _is_told(turn: Turn, case_id: UUID, name: str) -> bool:
    mine = (INCIDENTS.c.case_id == case_id, INCIDENTS.c.kind == GAP, INCIDENTS.c.name == name)
    still = select(INCIDENTS.c.id).where(*mine, INCIDENTS.c.token.is_(None), INCIDENTS.c.resolved_at.is_(None))
    return turn.session.execute(still.limit(1)).first() is not None


def note_unclear(
    turn: Turn,
    into: Opening,
    case: Data,
    definition: LimitDefinition,
    limit: Data,
    element: str,
    seen: Data,
    problem: str,
) -> UUID:
    """This will raise an incident of a limit whose last day cannot be found, and return its id; the term runs."""
    names = sorted(definition.last_day.names) if definition.last_day is not None else []
    detail = {
        "limit": definition.code,
        "id": limit["id"],
        "expression": definition.until,
        "place": PLACE,
        "values": {name: feel.to_json(seen[name]) for name in names if name in seen},
        "missing": [name for name in names if name not in seen],
    }
    reason = f"{PLACE}: {problem}"
    return opening.incident(turn, into, case, GAP, limit["token"], element, definition.name, reason, detail)
