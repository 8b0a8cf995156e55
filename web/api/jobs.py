"""Jobs for programs elsewhere as JSON: fetch and lock, complete, fail, end with a BPMN error, extend the lock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from web import current
from web.api.routes import Blueprint
from web.api.schemas import Document, Id, Whole, list_of, moment, text

blueprint = Blueprint("api-jobs", __name__, url_prefix="/api", description="Jobs for external workers")

NAME = validate.Length(1, 200)
SECONDS = validate.Range(1, 86_400)


class JobsAsked(Schema):
    """Which jobs a worker can do, and how many it wants."""

    types = fields.List(
        fields.String(validate=NAME),
        required=True,
        validate=validate.Length(1, 50),
        metadata={"description": "Service types that the process apps declare external."},
    )
    worker = text("Name of the worker; different ones for workers that run at the same time.", required=True,
                  validate=validate.Length(1, 64))  # fmt: skip
    seconds = Whole(load_default=60, validate=SECONDS, metadata={"description": "How long the jobs are nobody else's."})
    limit = Whole(load_default=10, validate=validate.Range(1, 100))
    wait = fields.Float(
        load_default=0,
        validate=validate.Range(0, 60),
        metadata={"description": "How many seconds to wait for a job when there is none; 0 with an Idempotency-Key."},
    )


class LockedJob(Schema):
    """A job that the worker may do until `locked_until`."""

    id = Id()
    key = text("Idempotency key: stays the same when the job is given out again, to this worker or another.")
    type = text("Type of the service.")
    case_id = Id()
    case_number = text("Number of the case.")
    case_due_at = moment("Until when the case must be closed.", allow_none=True)
    process_id = text("Process of the case.")
    element = text("Element of the diagram.")
    headers = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": "Constants."})
    data = Document(metadata={"description": "The variables that the service task sees."})
    attempts = Whole(metadata={"description": "How often it failed."})
    retries = Whole(metadata={"description": "Tries left, this one included; after the last: an incident."})
    priority = Whole(metadata={"description": "The higher comes first."})
    due_at = moment("Since when it waits.")
    locked_until = moment("Until when it is this worker's.")


class Held(Schema):
    """By whom the job is locked."""

    worker = text("The name by which the job was locked.", required=True, validate=validate.Length(1, 64))


class Done(Held):
    """The answer of the service."""

    data = fields.Dict(keys=fields.String(), load_default=dict, metadata={"description": "Variables for the case."})


class Failed(Held):
    """Why the work failed, and when to try again."""

    reason = text("What an operator has to know.", required=True, validate=validate.Length(1, 2000))
    retries = Whole(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 1000),
        metadata={"description": "How many more tries; 0: an incident at once; without it, one fewer than before."},
    )
    retry_at = moment("When to try again.", load_default=None, allow_none=True)
    data = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"description": "Variables of the element alone, which the next try sees."},
    )
    retry_in = Whole(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 31 * 86_400),
        metadata={"description": "Or in how many seconds. Without both: after a pause that grows from 10 s to 1 h."},
    )

    @validates_schema
    def refuse_both(self, data: dict[str, Any], **_more: Any) -> None:
        """This will refuse two times for one try."""
        if data.get("retry_at") is not None and data.get("retry_in") is not None:
            raise ValidationError("give retry_at or retry_in, not both", "retry_in")


class FailedJob(Schema):
    """How the job stands after a failure."""

    id = Id()
    is_waiting = fields.Boolean(metadata={"description": "It will be given out again; else it is an incident."})
    retries = Whole(metadata={"description": "Tries left."})
    due_at = moment("When it is given out again.")


class Thrown(Done):
    """A BPMN error with which the service ends."""

    code = text("Code of the error, as in the diagram.", required=True, validate=NAME)
    message = text("What happened.", load_default="", validate=validate.Length(max=2000))


class Longer(Held):
    """How much longer the worker needs."""

    seconds = Whole(
        required=True, validate=SECONDS, metadata={"description": "How long from now the job is nobody else's."}
    )


class Lock(Schema):
    """A lock that was extended."""

    locked_until = moment("Until when the job is this worker's.")


@blueprint.post("/jobs/lock")
@blueprint.arguments(JobsAsked)
@blueprint.response(200, list_of(LockedJob))
def lock(asked: dict[str, Any]) -> Any:
    """Fetch jobs and lock them

    The higher priority first, then the older one. An empty list when nothing waits: ask again, with `wait` at once (the
    answer comes with the first job, or empty when the time is over), without it a second later. Whoever does not finish
    or extend in time loses the job to the next who asks. Needs the role `external_system`; the jobs are those of cases
    of the units in which the account holds it, and below them, and of cases that belong to no unit.
    """
    jobs = current.engine().lock_jobs(asked.pop("types"), asked.pop("worker"), by=current.actor(), **asked)
    return {"items": jobs}


@blueprint.post("/jobs/<uuid:job_id>/complete")
@blueprint.arguments(Done)
@blueprint.response(204)
def complete(sent: dict[str, Any], job_id: UUID) -> Any:
    """Give the answer of a service to its case

    Answers 409 when the lock was lost, here and below: the work is another worker's now, or the case went on.
    """
    current.engine().complete_job(job_id, sent["worker"], sent["data"], by=current.actor())


@blueprint.post("/jobs/<uuid:job_id>/fail")
@blueprint.arguments(Failed)
@blueprint.response(200, FailedJob)
def fail(sent: dict[str, Any], job_id: UUID) -> Any:
    """Tell that the work failed"""
    engine = current.engine()
    retry_at = sent["retry_at"]
    if sent["retry_in"] is not None:
        retry_at = engine.clock() + timedelta(seconds=sent["retry_in"])
    told = {"retries": sent["retries"], "data": sent["data"]}
    return engine.fail_job(job_id, sent["worker"], sent["reason"], retry_at=retry_at, by=current.actor(), **told)


@blueprint.post("/jobs/<uuid:job_id>/error")
@blueprint.arguments(Thrown)
@blueprint.response(204)
def error(sent: dict[str, Any], job_id: UUID) -> Any:
    """End a service with a BPMN error

    An error that the diagram does not catch becomes an incident.
    """
    current.engine().throw_error(
        job_id, sent["worker"], sent["code"], sent["message"], sent["data"], by=current.actor()
    )


@blueprint.post("/jobs/<uuid:job_id>/extend")
@blueprint.arguments(Longer)
@blueprint.response(200, Lock)
def extend(sent: dict[str, Any], job_id: UUID) -> Any:
    """Keep a job for longer"""
    until = current.engine().extend_lock(job_id, sent["worker"], sent["seconds"], by=current.actor())
    return {"locked_until": until}
