"""Addresses elsewhere that are told what happens: at least once, signed, repeated with growing pauses.

stateDiagram-v2
    [*] --> waiting : written with the event
    waiting --> delivered : answered 2xx
    waiting --> waiting : no answer or another one, the next try after a pause
    waiting --> failed : the last try failed, or 410; the webhook is switched off and says why
    delivered --> waiting : an operator sends it again
    failed --> waiting : an operator sends it again
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update

from engine import directory as directories
from engine import outbox, outgoing
from engine.access import require_operator
from engine.db import is_postgresql, table
from engine.errors import Conflict, Invalid, NotFound
from engine.models import Webhook, WebhookDelivery
from engine.outbox import DELIVERED, FAILED, KINDS, WAITING
from engine.outgoing import Answer
from engine.turn import Turn

log = logging.getLogger(__name__)
HOOKS, DELIVERIES = table(Webhook), table(WebhookDelivery)
# the schedule of Standard Webhooks: one try at once, then after these pauses; about three days in all
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
LEASE = timedelta(minutes=3)
AT_ONCE = 8  # messages on the wire at the same time
BATCH = 16
KEPT_FOR = timedelta(days=30)
MOST_TEXT = 500  # characters of an answer that are kept


class WebhookNotFound(NotFound):
    """There is no webhook with the number {webhook}."""


class DeliveryNotFound(NotFound):
    """There is no such delivery."""


class StillWaiting(Conflict):
    """This message waits to be sent as it is."""


class WebhookInvalid(Invalid):
    """The webhook cannot be kept: {reason}."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker may send until its lease ends."""

    id: UUID
    webhook_id: int
    kind: str
    body: str
    attempts: int
    url: str
    secret: str


def new_secret() -> str:
    """This will return a secret that nobody can guess."""
    return outgoing.MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def create(turn: Turn, values: dict[str, Any], allowed: Collection[str]) -> Webhook:
    """This will make a webhook. Raises OperatorsOnly, WebhookInvalid, AddressRefused, SecretInvalid."""
    require_operator(turn.by)
    given = {"kinds": (), "app": "", "process_id": "", "is_active": True, **values}
    given["secret"] = given.get("secret") or new_secret()
    row = Webhook(created_at=turn.now, created_by=turn.by.person_id, trouble="", **_checked(given, allowed))
    turn.session.add(row)
    turn.session.flush()
    directories.changed(turn.session)
    return row


def change(turn: Turn, webhook_id: int, values: dict[str, Any], allowed: Collection[str]) -> Webhook:
    """This will change what is given of a webhook; switched on again, it sends what waits. Raises as `create`."""
    require_operator(turn.by)
    row = find(turn, webhook_id)
    for name, value in _checked(values, allowed).items():
        setattr(row, name, value)
    if values.get("is_active"):
        row.trouble, row.switched_off_at = "", None
    elif values.get("is_active") is False:
        row.switched_off_at = turn.now
    turn.session.flush()
    directories.changed(turn.session)
    return row


def find(turn: Turn, webhook_id: int) -> Webhook:
    """This will return a webhook. Raises WebhookNotFound."""
    row = turn.session.get(Webhook, webhook_id)
    if row is None:
        raise WebhookNotFound(webhook=webhook_id)
    return row


def _checked(values: dict[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    checked = dict(values)
    if "name" in checked:
        checked["name"] = checked["name"].strip()
        if not 1 <= len(checked["name"]) <= 100:
            raise WebhookInvalid(reason="a name of up to 100 characters is needed")
    if "url" in checked:
        if len(checked["url"]) > 1000:
            raise WebhookInvalid(reason="the address is longer than 1,000 characters")
        outgoing.check(checked["url"], allowed)
    if "secret" in checked:
        outgoing.key_of(checked["secret"])
    if "kinds" in checked:
        unknown = sorted(set(checked["kinds"]) - set(KINDS))
        if unknown:
            raise WebhookInvalid(reason=f"there is no event {', '.join(unknown)}")
        checked["kinds"] = " ".join(sorted(set(checked["kinds"])))
    return checked


def remove(turn: Turn, webhook_id: int) -> None:
    """This will delete a webhook and all its deliveries. Raises OperatorsOnly, WebhookNotFound."""
    require_operator(turn.by)
    find(turn, webhook_id)
    turn.session.execute(delete(DELIVERIES).where(DELIVERIES.c.webhook_id == webhook_id))
    turn.session.execute(delete(HOOKS).where(HOOKS.c.id == webhook_id))
    directories.changed(turn.session)


def ping(turn: Turn, webhook_id: int) -> UUID:
    """This will send a message that says nothing, to try a webhook. Raises OperatorsOnly, WebhookNotFound."""
    require_operator(turn.by)
    row = find(turn, webhook_id)
    text = outbox.message(outbox.PING, {"webhook": row.id, "name": row.name}, turn.now)
    made = outbox.delivery(row.id, outbox.PING, text, turn.now)
    turn.session.execute(insert(DELIVERIES), [made])
    found: UUID = made["id"]
    return found


def send_again(turn: Turn, delivery_id: UUID) -> WebhookDelivery:
    """This will send a message once more, under the same id. Raises OperatorsOnly, DeliveryNotFound, StillWaiting."""
    require_operator(turn.by)
    row = turn.session.get(WebhookDelivery, delivery_id)
    if row is None:
        raise DeliveryNotFound
    if row.state == WAITING:
        raise StillWaiting
    row.state, row.due_at, row.attempts = WAITING, turn.now, 0
    turn.session.flush()
    return row


def send_failed_again(turn: Turn, webhook_id: int) -> int:
    """This will send all failed messages of a webhook once more and return how many. Raises WebhookNotFound."""
    require_operator(turn.by)
    find(turn, webhook_id)
    failed = (DELIVERIES.c.webhook_id == webhook_id, DELIVERIES.c.state == FAILED)
    values = {"state": WAITING, "due_at": turn.now, "attempts": 0}
    again = turn.session.execute(update(DELIVERIES).where(*failed).values(**values).returning(DELIVERIES.c.id))
    return len(again.all())


def deliver(
    write: Callable[..., Any],
    by: Any,
    *,
    worker: str,
    clock: Callable[[], datetime],
    allowed: Collection[str],
    should_stop: Callable[[], bool] | None = None,
) -> int:
    """This will send the messages that are due, a few at a time, until none is left, and return how many it sent."""
    done = 0
    while should_stop is None or not should_stop():
        batch: Sequence[Claimed] = write(by, _claim, worker)
        if not batch:
            break
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as senders:
            for claimed, answer in zip(
                batch, senders.map(lambda each: _send(each, clock(), allowed), batch), strict=True
            ):
                write(by, _note, claimed, answer)
        done += len(batch)
    return done


def _send(claimed: Claimed, now: datetime, allowed: Collection[str]) -> Answer:
    return outgoing.send(
        claimed.url, claimed.secret, str(claimed.id), claimed.body, now=now.timestamp(), allowed=allowed
    )


def _claim(turn: Turn, worker: str) -> Sequence[Claimed]:
    free = or_(DELIVERIES.c.leased_until.is_(None), DELIVERIES.c.leased_until < turn.now)
    on = select(HOOKS.c.id).where(HOOKS.c.is_active)
    due = select(DELIVERIES.c.id).where(DELIVERIES.c.state == WAITING, DELIVERIES.c.due_at <= turn.now, free)
    # a message that only tries a webhook goes out from one that is switched off too
    due = due.where(or_(DELIVERIES.c.webhook_id.in_(on), DELIVERIES.c.kind == outbox.PING))
    due = due.order_by(DELIVERIES.c.due_at, DELIVERIES.c.id).limit(BATCH)
    if is_postgresql(turn.session):
        due = due.with_for_update(skip_locked=True)
    ids = list(turn.session.scalars(due))
    if not ids:
        return []
    lease = {"leased_until": turn.now + LEASE, "leased_by": worker[:64]}
    turn.session.execute(update(DELIVERIES).where(DELIVERIES.c.id.in_(ids)).values(**lease))
    names = ("id", "webhook_id", "kind", "body", "attempts")
    columns: tuple[Any, ...] = (*(DELIVERIES.c[name] for name in names), HOOKS.c.url, HOOKS.c.secret)
    found = select(*columns).join_from(DELIVERIES, HOOKS, HOOKS.c.id == DELIVERIES.c.webhook_id)
    rows = turn.session.execute(found.where(DELIVERIES.c.id.in_(ids)).order_by(DELIVERIES.c.id))
    return [Claimed(*row) for row in rows]


def _note(turn: Turn, claimed: Claimed, answer: Answer) -> None:
    """Keeps how a message was received; the last failure switches the webhook off."""
    attempts = claimed.attempts + 1
    values: dict[str, Any] = {
        "attempts": attempts,
        "status": answer.status,
        "answer": answer.text[:MOST_TEXT],
        "took": answer.milliseconds,
        "leased_until": None,
        "leased_by": None,
    }
    is_last = answer.is_gone or attempts > len(PAUSES) or claimed.kind == outbox.PING
    if answer.is_good:
        values |= {"state": DELIVERED, "delivered_at": turn.now}
    elif is_last:
        values["state"] = FAILED
    else:
        values["due_at"] = turn.now + PAUSES[attempts - 1]
    mine = (DELIVERIES.c.id == claimed.id, DELIVERIES.c.state == WAITING, DELIVERIES.c.attempts == claimed.attempts)
    met = turn.session.execute(update(DELIVERIES).where(*mine).values(**values).returning(DELIVERIES.c.id)).first()
    if met is not None and is_last and not answer.is_good and claimed.kind != outbox.PING:
        _switch_off(turn, claimed, answer)


def _switch_off(turn: Turn, claimed: Claimed, answer: Answer) -> None:
    told = f"{answer.status} " if answer.status is not None else ""
    trouble = f"{claimed.kind}: {told}{answer.text}"[:MOST_TEXT]
    log.error("webhook %s is switched off: %s", claimed.webhook_id, trouble)
    values = {"is_active": False, "trouble": trouble, "switched_off_at": turn.now}
    turn.session.execute(update(HOOKS).where(HOOKS.c.id == claimed.webhook_id).values(**values))
    directories.changed(turn.session)


def forget(turn: Turn) -> int:
    """This will delete deliveries that are done and 30 days old, and return how many."""
    old = (DELIVERIES.c.created_at <= turn.now - KEPT_FOR, DELIVERIES.c.state != WAITING)
    gone = turn.session.execute(delete(DELIVERIES).where(*old).returning(DELIVERIES.c.id))
    return len(gone.all())
