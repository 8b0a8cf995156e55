"""What handlers do with a task besides doing it, as JSON: hand on, sign, return, take back, urge; many at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from engine import Done
from web import current
from web.api.routes import Blueprint
from web.api.schemas import CaseSummary, Document, Id, TaskSummary, list_of, text
from web.locale import sentence

blueprint = Blueprint("api-verbs", __name__, url_prefix="/api", description="Handing on, signing, returning")

LOGIN = validate.Length(1, 64)
WORDS = validate.Length(max=2000)
MOST = 100


class Given(Schema):
    """To whom a task goes, and why."""

    login = text("Sign-in name of the person.", required=True, validate=LOGIN)
    note = text("What that person has to know.", load_default="", validate=WORDS)


class Resolved(Schema):
    """What the person found out to whom the task was delegated."""

    note = text("The answer to the owner.", load_default="", validate=WORDS)
    data = Document(load_default=None, allow_none=True, metadata={"description": "The owner's draft; an object."})


class SignsAsked(Schema):
    """Whose signatures a task needs, and when."""

    logins = fields.List(
        fields.String(validate=LOGIN),
        required=True,
        validate=validate.Length(1, 50),
        metadata={"description": "Sign-in names."},
    )
    when = text(
        "`before`: the task waits for them; `parallel`: they sign meanwhile; `after`: when it was submitted.",
        load_default="before",
        validate=validate.OneOf(["before", "parallel", "after"]),
    )
    note = text("What they have to look at.", load_default="", validate=WORDS)


class Opinion(Schema):
    """The opinion of somebody who signs."""

    agrees = fields.Boolean(load_default=True, metadata={"description": "Whether they agree."})
    text = text("The opinion; who does not agree says why.", load_default="", validate=WORDS)


class Grounds(Schema):
    """Why something is done."""

    reason = text("The reason.", required=True, validate=validate.Length(1, 2000))


class Returned(Grounds):
    """To which step a case goes back, and why."""

    element = text("Element of the diagram.", required=True, validate=validate.Length(1, 200))


class TakenBack(Schema):
    """Why a task that was done is taken back."""

    reason = text("The reason.", load_default="", validate=WORDS)


class Urging(Schema):
    """What is said when a task is urged."""

    text = text("A word to those for whom it waits.", load_default="", validate=validate.Length(max=500))


class Many(Schema):
    """Tasks to do something with."""

    ids = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(1, MOST),
        metadata={"description": f"Ids, up to {MOST}."},
    )


class ManyUrged(Many, Urging):
    """Tasks to urge."""


class Became(Schema):
    """What became of one of many."""

    id = Id()
    is_done = fields.Boolean(metadata={"description": "It went well."})
    error = text("Why it did not.", allow_none=True)


def became(done: list[Done]) -> dict[str, Any]:
    """This will write what became of each of many."""
    return {
        "items": [
            {"id": each.id, "is_done": each.is_done, "error": sentence(each.error) if each.error else None}
            for each in done
        ]
    }


@blueprint.post("/tasks/<uuid:task_id>/delegate")
@blueprint.arguments(Given)
@blueprint.response(200, TaskSummary)
def delegate(sent: dict[str, Any], task_id: UUID) -> Any:
    """Let somebody work on a task and give it back"""
    return current.engine().delegate_task(task_id, sent["login"], by=current.actor(), note=sent["note"])


@blueprint.post("/tasks/<uuid:task_id>/resolve")
@blueprint.arguments(Resolved)
@blueprint.response(200, TaskSummary)
def resolve(sent: dict[str, Any], task_id: UUID) -> Any:
    """Give a delegated task back to its owner, or call it back as its owner"""
    return current.engine().resolve_task(task_id, by=current.actor(), note=sent["note"], data=_object(sent["data"]))


def _object(data: Any) -> dict[str, Any] | None:
    return data if isinstance(data, dict) else None


@blueprint.post("/tasks/<uuid:task_id>/transfer")
@blueprint.arguments(Given)
@blueprint.response(200, TaskSummary)
def transfer(sent: dict[str, Any], task_id: UUID) -> Any:
    """Give a task away for good"""
    return current.engine().transfer_task(task_id, sent["login"], by=current.actor(), note=sent["note"])


@blueprint.post("/tasks/<uuid:task_id>/signs")
@blueprint.arguments(SignsAsked)
@blueprint.response(201, list_of(TaskSummary))
def add_signs(sent: dict[str, Any], task_id: UUID) -> Any:
    """Ask others to sign

    Each gets a task of their own, which is answered with `sign`.
    """
    signs = current.engine().add_signs(
        task_id, sent["logins"], by=current.actor(), when=sent["when"], note=sent["note"]
    )
    return {"items": signs}


@blueprint.post("/tasks/<uuid:task_id>/sign")
@blueprint.arguments(Opinion)
@blueprint.response(200, CaseSummary)
def sign(sent: dict[str, Any], task_id: UUID) -> Any:
    """Give the opinion that was asked for"""
    return current.engine().sign_task(task_id, by=current.actor(), text=sent["text"], agrees=sent["agrees"])


@blueprint.post("/tasks/<uuid:task_id>/remove")
@blueprint.arguments(Grounds)
@blueprint.response(200, CaseSummary)
def remove_sign(sent: dict[str, Any], task_id: UUID) -> Any:
    """No longer ask for a signature"""
    return current.engine().remove_sign(task_id, by=current.actor(), reason=sent["reason"])


@blueprint.post("/tasks/<uuid:task_id>/return")
@blueprint.arguments(Returned)
@blueprint.response(200, CaseSummary)
def give_back(sent: dict[str, Any], task_id: UUID) -> Any:
    """Give a case back to an earlier step"""
    return current.engine().return_task(task_id, sent["element"], by=current.actor(), reason=sent["reason"])


@blueprint.post("/tasks/<uuid:task_id>/withdraw")
@blueprint.arguments(TakenBack)
@blueprint.response(200, CaseSummary)
def take_back(sent: dict[str, Any], task_id: UUID) -> Any:
    """Take a task back that I have done

    Answers 409 when somebody has acted on it meanwhile: `detail` says who and what.
    """
    return current.engine().withdraw_task(task_id, by=current.actor(), reason=sent["reason"])


@blueprint.post("/tasks/<uuid:task_id>/urge")
@blueprint.arguments(Urging)
@blueprint.response(200, TaskSummary)
def urge(sent: dict[str, Any], task_id: UUID) -> Any:
    """Ask that a task be done soon

    Answers 409 when it was urged a moment ago or too often.
    """
    return current.engine().urge_task(task_id, by=current.actor(), text=sent["text"])


@blueprint.post("/tasks/claim")
@blueprint.arguments(Many)
@blueprint.response(200, list_of(Became))
def claim_many(sent: dict[str, Any]) -> Any:
    """Take several tasks from their queues

    Each for itself: the answer tells what became of each.
    """
    return became(current.engine().claim_tasks(sent["ids"], by=current.actor()))


@blueprint.post("/tasks/release")
@blueprint.arguments(Many)
@blueprint.response(200, list_of(Became))
def release_many(sent: dict[str, Any]) -> Any:
    """Put several tasks back into their queues"""
    return became(current.engine().release_tasks(sent["ids"], by=current.actor()))


@blueprint.post("/tasks/urge")
@blueprint.arguments(ManyUrged)
@blueprint.response(200, list_of(Became))
def urge_many(sent: dict[str, Any]) -> Any:
    """Urge several tasks"""
    return became(current.engine().urge_tasks(sent["ids"], by=current.actor(), text=sent["text"]))
