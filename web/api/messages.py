"""Messages and signals from other systems as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from web import current
from web.api.routes import Blueprint
from web.api.schemas import CaseSummary, Whole, list_of, text

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


@blueprint.post("/messages")
@blueprint.arguments(Message)
@blueprint.response(200, Delivery)
def publish(sent: dict[str, Any]) -> Any:
    """Send a message to one receiver

    The case that waits longest for name and key takes it; else a process begins with it; else it is kept for its time
    to live. Needs the role `external_system`.
    """
    delivery = current.engine().publish_message(sent.pop("name"), by=current.actor(), **sent)
    return {"delivery": delivery.value}


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
