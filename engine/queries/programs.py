"""What operators see of webhooks and of the messages that were sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.access import Actor, require_operator
from engine.models import Webhook, WebhookDelivery
from engine.queries import paging
from engine.queries.paging import Page
from engine.webhooks import WebhookNotFound

DELIVERY_STATES = ("waiting", "delivered", "failed")


@dataclass(frozen=True, slots=True)
class WebhookShown:
    """A webhook without its secret; `waiting` and `failed` count its messages."""

    id: int
    name: str
    url: str
    kinds: tuple[str, ...]
    app: str
    process_id: str
    is_active: bool
    trouble: str
    switched_off_at: datetime | None
    created_at: datetime
    waiting: int = 0
    failed: int = 0


def webhooks(session: Session, actor: Actor) -> list[WebhookShown]:
    """This will list the webhooks by name. Raises OperatorsOnly."""
    require_operator(actor)
    counts: dict[tuple[int, str], int] = {}
    grouped = select(WebhookDelivery.webhook_id, WebhookDelivery.state, func.count()).where(
        WebhookDelivery.state != "delivered"
    )
    for webhook_id, state, count in session.execute(
        grouped.group_by(WebhookDelivery.webhook_id, WebhookDelivery.state)
    ):
        counts[webhook_id, state] = count
    return [
        _shown(row, counts.get((row.id, "waiting"), 0), counts.get((row.id, "failed"), 0))
        for row in session.scalars(select(Webhook).order_by(Webhook.name, Webhook.id))
    ]


def webhook(session: Session, actor: Actor, webhook_id: int) -> WebhookShown:
    """This will return one webhook. Raises OperatorsOnly, WebhookNotFound."""
    found: WebhookShown | None = next((each for each in webhooks(session, actor) if each.id == webhook_id), None)
    if found is None:
        raise WebhookNotFound(webhook=webhook_id)
    return found


def _shown(row: Webhook, waiting: int, failed: int) -> WebhookShown:
    return WebhookShown(
        row.id,
        row.name,
        row.url,
        tuple(row.kinds.split()),
        row.app,
        row.process_id,
        row.is_active,
        row.trouble,
        row.switched_off_at,
        row.created_at,
        waiting,
        failed,
    )


def deliveries(
    session: Session,
    actor: Actor,
    webhook_id: int,
    *,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[WebhookDelivery]:
    """This will list the messages of a webhook, newest first. Raises OperatorsOnly, WebhookNotFound, CursorInvalid."""
    webhook(session, actor, webhook_id)
    mine = [WebhookDelivery.webhook_id == webhook_id, *([WebhookDelivery.state == state] if state else [])]
    return paging.newest(
        session,
        select(WebhookDelivery).where(*mine),
        select(WebhookDelivery.id),
        (WebhookDelivery.id,),
        (UUID,),
        after,
        limit,
    )


def troubled_webhooks(session: Session, actor: Actor) -> int:
    """This will count the webhooks that were switched off because nobody took their messages. Raises OperatorsOnly."""
    require_operator(actor)
    off = select(func.count()).select_from(Webhook).where(Webhook.is_active.is_(False), Webhook.trouble != "")
    return session.scalar(off) or 0
