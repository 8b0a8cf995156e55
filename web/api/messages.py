"""Messages and signals from other systems as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate

from engine import Delivery as Outcome
from engine import queries
from web import current
from web.api.routes import Blueprint
from web.api.schemas import CaseSummary, Id, Whole, list_of, moment, page_of, text
from web.locale import sentence

blueprint = Blueprint("api-messages", __name__, url_prefix="/api", description="Messages and signals")

NAME = validate.Length(1, 200)
YEAR = 366 * 86_400  # seconds


class Key(fields.Field[Any]):
    """A correlation key: text or a number."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ValidationError("give text or a number")
        if isinstance(value, str):
            NAME(value)
        return value


class Message(Schema):
    """Something that one case waits for."""

    name = text("Name of the message, as in the diagram.", required=True, validate=NAME)
    correlation_key = Key(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Key by which the case is found, text or a number; a start needs none.",
            "anyOf": [{"type": "string", "minLength": 1, "maxLength": 200, "nullable": True}, {"type": "number"}],
        },
    )
    data = fields.Dict(keys=fields.String(), load_default=dict, metadata={"description": "Variables for the case."})
    time_to_live = Whole(
        load_default=0,
        validate=validate.Range(0, YEAR),
        metadata={"description": "Seconds for which it is kept when nobody waits for it yet."},
    )
    idempotency_key = text(
        "A message of this name sent again with the same key does nothing: while the first one is kept, and for 7 days "
        "after it was taken. The answer tells what became of the first.",
        load_default=None,
        allow_none=True,
        validate=NAME,
    )


class Delivery(Schema):
    """What became of a message."""

    delivery = text("`taken`: one case took it or began with it; `kept`: it waits; `lost`: nobody waits for it.")
    reason = text("Of a lost one: why, for people.")


class Signal(Schema):
    """Something that everybody hears who waits for it."""

    name = text("Name of the signal, as in the diagram.", required=True, validate=NAME)
    data = fields.Dict(keys=fields.String(), load_default=dict, metadata={"description": "Variables for the cases."})


class Conditions(Schema):
    """Variables for which conditions may be true."""

    data = fields.Dict(keys=fields.String(), required=True, metadata={"description": "Variables of the new cases."})
    process_id = text("Only this process.", load_default=None, allow_none=True, validate=NAME)


class Receivers(Schema):
    """How far a signal went."""

    receivers = Whole(metadata={"description": "How many cases took it or began with it."})


class WaitingAsked(Schema):
    """Which part of a list is asked for."""

    after = text("The `next` of the page before this one.", load_default=None)
    limit = Whole(load_default=50, validate=validate.Range(1, 200), metadata={"description": "Entries of one page."})
    name = text("Only those of this message or signal.", load_default=None, validate=NAME)


class KeptMessage(Schema):
    """A message that nobody has taken."""

    id = Id()
    name = text("Name of the message.")
    correlation_key = text("Its key.", allow_none=True)
    received_at = moment("When it came.")
    expires_at = moment("When it is forgotten.")


class Subscription(Schema):
    """What a case waits for."""

    id = Id()
    kind = text("`message` or `signal`.")
    name = text("Name of the message or signal.")
    correlation_key = text("Key of the message; none: any will do.", allow_none=True)
    case_id = Id()
    case_number = text("Number of the case.")
    case_state = text("`open`, or `suspended`: then it takes messages again when it is resumed.")
    process_id = text("Process of the case.")
    element = text("Element of the diagram.")


@blueprint.get("/messages")
@blueprint.arguments(WaitingAsked, location="query")
@blueprint.response(200, page_of(KeptMessage))
def kept(asked: dict[str, Any]) -> Any:
    """List messages that came early, the oldest first

    Those that wait for a case, and until when. For operators.
    """
    return current.read(queries.kept_messages, **asked)


@blueprint.delete("/messages/<uuid:message_id>")
@blueprint.response(204)
def drop(message_id: UUID) -> Any:
    """Forget a message that waits for a case

    For operators.
    """
    current.engine().drop_message(message_id, by=current.actor())


@blueprint.get("/subscriptions")
@blueprint.arguments(WaitingAsked, location="query")
@blueprint.response(200, page_of(Subscription))
def subscriptions(asked: dict[str, Any]) -> Any:
    """List what cases wait for, who waits longest first

    For operators.
    """
    return current.read(queries.subscriptions, **asked)


@blueprint.post("/messages")
@blueprint.arguments(Message)
@blueprint.response(200, Delivery)
def publish(sent: dict[str, Any]) -> Any:
    """Send a message to one receiver

    The case that waits longest for name and key takes it; else a process begins with it; else it is kept for its time
    to live. Needs the role `external_system`.
    """
    name = sent.pop("name")
    delivery = current.engine().publish_message(name, by=current.actor(), **sent)
    if delivery is not Outcome.LOST:
        return {"delivery": delivery.value}
    why = current.read(queries.why_lost, name, sent["correlation_key"])
    return {"delivery": delivery.value, "reason": sentence(why)}


@blueprint.post("/signals")
@blueprint.arguments(Signal)
@blueprint.response(200, Receivers)
def broadcast(sent: dict[str, Any]) -> Any:
    """Send a signal to everybody who waits for it

    Who begins to wait later does not hear it. Needs the role `external_system`.
    """
    return {"receivers": current.engine().broadcast_signal(sent["name"], sent["data"], by=current.actor())}


@blueprint.post("/conditions")
@blueprint.arguments(Conditions)
@blueprint.response(200, list_of(CaseSummary))
def evaluate(sent: dict[str, Any]) -> Any:
    """Begin a case at every conditional start event whose condition is true of the data

    Nobody looks at these conditions otherwise. Needs the role `external_system`.
    """
    return {"items": current.engine().evaluate_conditions(sent["data"], sent["process_id"], by=current.actor())}
