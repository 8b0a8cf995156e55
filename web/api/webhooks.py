"""Webhooks and what was sent to them as JSON, for operators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from engine import EVENT_KINDS, queries
from web import current
from web.api.routes import Blueprint
from web.api.schemas import Id, list_of, moment, page_of, text

blueprint = Blueprint("api-webhooks", __name__, url_prefix="/api", description="Webhooks")


class WebhookChange(Schema):
    """What is to be different in a webhook."""

    name = text("What it is, to tell it from others.", validate=validate.Length(1, 100))
    url = text("Where messages are posted to: https, outside of this network.", validate=validate.Length(1, 1000))
    kinds = fields.List(
        fields.String(validate=validate.OneOf(EVENT_KINDS)),
        validate=validate.Length(max=len(EVENT_KINDS)),
        metadata={"description": "Of which events it is told; none named: of all."},
    )
    app = text("Only cases of this process app; empty: of every one.", validate=validate.Length(max=64))
    process_id = text("Only cases of this process; empty: of every one.", validate=validate.Length(max=200))
    secret = text("Key for the signatures: whsec_ and 24 to 64 bytes in Base64.", validate=validate.Length(1, 200))
    is_active = fields.Boolean(metadata={"description": "Whether it is told anything."})


class WebhookWished(Schema):
    """A webhook that is to be told."""

    name = text("What it is, to tell it from others.", required=True, validate=validate.Length(1, 100))
    url = text("Where messages are posted to: https, outside of this network.", required=True,
               validate=validate.Length(1, 1000))  # fmt: skip
    kinds = fields.List(
        fields.String(validate=validate.OneOf(EVENT_KINDS)),
        load_default=list,
        validate=validate.Length(max=len(EVENT_KINDS)),
        metadata={"description": "Of which events it is told; none named: of all."},
    )
    app = text("Only cases of this process app.", load_default="", validate=validate.Length(max=64))
    process_id = text("Only cases of this process.", load_default="", validate=validate.Length(max=200))
    secret = text("Key for the signatures; without it one is made.", load_default="", validate=validate.Length(max=200))


class WebhookShown(Schema):
    """A webhook."""

    id = Id()
    name = text("What it is.")
    url = text("Where messages are posted to.")
    kinds = fields.List(fields.String(), metadata={"description": "Of which events it is told; none: of all."})
    app = text("Only cases of this process app.")
    process_id = text("Only cases of this process.")
    is_active = fields.Boolean(metadata={"description": "It is told."})
    trouble = text("Why it was switched off by itself.")
    switched_off_at = moment("When it was switched off.", allow_none=True)
    created_at = moment("When it was made.")
    waiting = fields.Integer(metadata={"description": "Messages that wait to be sent."})
    failed = fields.Integer(metadata={"description": "Messages that nobody took."})


class WebhookMade(Schema):
    """The webhook that was made, with its secret."""

    id = Id()
    secret = text("Key for the signatures; it is shown once.")


class DeliveriesAsked(Schema):
    """Which messages are asked for."""

    state = text("Only those in this state.", load_default=None,
                 validate=validate.OneOf(queries.DELIVERY_STATES))  # fmt: skip
    after = text("The `next` of the page before this one.", load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class DeliveryShown(Schema):
    """A message and how it was received."""

    id = text("Its id: the header webhook-id.")
    kind = text("What happened.")
    case_id = Id(allow_none=True)
    state = text("`waiting`, `delivered` or `failed`.")
    attempts = fields.Integer(metadata={"description": "How often it was sent."})
    status = fields.Integer(allow_none=True, metadata={"description": "HTTP status of the last answer."})
    answer = text("The beginning of the last answer, or why there was none.")
    took = fields.Integer(allow_none=True, metadata={"description": "Milliseconds until the last answer."})
    created_at = moment("When it happened.")
    due_at = moment("When it is sent next.")
    delivered_at = moment("When it was taken.", allow_none=True)


class SentAgain(Schema):
    """How many messages are sent once more."""

    count = fields.Integer(metadata={"description": "Messages that wait again."})


class Pinged(Schema):
    """The message that tries a webhook."""

    id = text("Its id.")


@blueprint.get("/webhooks")
@blueprint.response(200, list_of(WebhookShown))
def index() -> Any:
    """List the webhooks"""
    return {"items": current.read(queries.webhooks)}


@blueprint.post("/webhooks")
@blueprint.arguments(WebhookWished)
@blueprint.response(201, WebhookMade)
def create(sent: dict[str, Any]) -> Any:
    """Let an address be told what happens

    Messages are posted as JSON with `type`, `timestamp` and `data`, signed as Standard Webhooks has it: the headers
    `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1,` and HMAC-SHA256 in Base64 over id, timestamp and
    body, with dots between). Any answer of 2xx takes a message; else it is sent again after 5 s, 5 min, 30 min, 2 h,
    5 h, 10 h, 14 h, 20 h and 24 h under the same id, and after that the webhook is switched off.
    """
    return current.engine().create_webhook(by=current.actor(), **sent)


@blueprint.get("/webhooks/<int:webhook_id>")
@blueprint.response(200, WebhookShown)
def show(webhook_id: int) -> Any:
    """Show a webhook"""
    return current.read(queries.webhook, webhook_id)


@blueprint.patch("/webhooks/<int:webhook_id>")
@blueprint.arguments(WebhookChange)
@blueprint.response(200, WebhookShown)
def change(sent: dict[str, Any], webhook_id: int) -> Any:
    """Change a webhook, or switch it on or off

    Switched on again, it gets what still waits.
    """
    current.engine().change_webhook(webhook_id, by=current.actor(), **sent)
    return current.read(queries.webhook, webhook_id)


@blueprint.delete("/webhooks/<int:webhook_id>")
@blueprint.response(204)
def remove(webhook_id: int) -> Any:
    """Delete a webhook with all its messages"""
    current.engine().remove_webhook(webhook_id, by=current.actor())


@blueprint.post("/webhooks/<int:webhook_id>/ping")
@blueprint.response(202, Pinged)
def ping(webhook_id: int) -> Any:
    """Send a message of the type `webhook.ping`, to try a webhook"""
    return {"id": current.engine().ping_webhook(webhook_id, by=current.actor())}


@blueprint.get("/webhooks/<int:webhook_id>/deliveries")
@blueprint.arguments(DeliveriesAsked, location="query")
@blueprint.response(200, page_of(DeliveryShown))
def deliveries(asked: dict[str, Any], webhook_id: int) -> Any:
    """List the messages of a webhook, newest first"""
    return current.read(queries.deliveries, webhook_id, **asked)


@blueprint.post("/webhooks/<int:webhook_id>/send-failed")
@blueprint.response(202, SentAgain)
def send_failed_again(webhook_id: int) -> Any:
    """Send all messages of a webhook that failed once more, under the same ids"""
    return {"count": current.engine().send_failed_again(webhook_id, by=current.actor())}


@blueprint.post("/deliveries/<uuid:delivery_id>/send")
@blueprint.response(202, DeliveryShown)
def send_again(delivery_id: UUID) -> Any:
    """Send a message once more, under the same id"""
    return current.engine().send_again(delivery_id, by=current.actor())
