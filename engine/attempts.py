"""What a failed try of a service leaves for the next: variables of its element, which go with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import cases, feel
from engine.bpmn.stimuli import KeepValues
from engine.db import table
from engine.models import OPEN, Job
from engine.turn import Turn

JOBS = table(Job)


def keep(turn: Turn, job_id: UUID, data: Mapping[str, Any]) -> None:
    """This will write variables of a job at its element, where the next try sees them (Camunda 8)."""
    wanted = select(JOBS.c.case_id, JOBS.c.token, JOBS.c.payload).where(JOBS.c.id == job_id)
    case_id, token, payload = turn.session.execute(wanted).one()
    if case_id is None or token is None:
        return  # a listener's: it has no element
    running = cases.load(turn, case_id)
    if str(token) in running.waiting and running.row["state"] == OPEN:
        given, details = feel.to_json(dict(data)), feel.loads(payload)
        cases.advance(turn, running, KeepValues(token, given))
        details["data"] = {**details.get("data", {}), **given}
        turn.session.execute(update(JOBS).where(JOBS.c.id == job_id).values(payload=feel.dumps(details)))
