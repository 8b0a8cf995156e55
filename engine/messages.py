"""Messages and signals: one message reaches one receiver, an early one waits for it, a signal reaches everybody."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select

from engine import cases, feel, starting
from engine.bpmn.outcome import MessageSent
from engine.bpmn.stimuli import ReceiveMessage, ReceiveSignal
from engine.cases import CASES
from engine.db import is_postgresql, table, upserting
from engine.errors import Conflict
from engine.models import OPEN, Message, Start, Subscription, new_id
from engine.turn import Awaited, Turn

Data = dict[str, Any]
MESSAGES, STARTS, SUBSCRIPTIONS = table(Message), table(Start), table(Subscription)
MOST = 10_000  # deliveries in one transaction: more is a circle of processes that call each other


class MessageStorm(Conflict):
    """One event set off more than {limit} messages; processes are sending to each other in a circle."""


def publish(
    turn: Turn,
    name: str,
    correlation_key: str | None,
    data: Data,
    *,
    time_to_live: int = 0,
    idempotency_key: str | None = None,
) -> bool:
    """This will deliver a message to one receiver and tell whether there was one.

    A running case that waits for it comes first (the one that waits longest), then a start event. Without a receiver it
    is kept for `time_to_live` seconds. A message with a key that is still kept is not taken again.
    """
    if idempotency_key is not None:
        _queue_up(turn, "", idempotency_key)
        if _was_taken(turn, idempotency_key):
            return True
    _queue_up(turn, name, correlation_key)
    found = _correlate(turn, name, correlation_key, data) or _start(turn, name, data)
    if not found and time_to_live > 0:
        _keep(turn, name, correlation_key, data, time_to_live, idempotency_key)
    elif idempotency_key is not None:
        # A delivered message leaves its key behind for a day, under no name that anybody waits for.
        _keep(turn, "", None, {}, max(time_to_live, 86_400), idempotency_key)
    return found


def _was_taken(turn: Turn, key: str) -> bool:
    found = select(MESSAGES.c.id).where(MESSAGES.c.idempotency_key == key, MESSAGES.c.expires_at > turn.now)
    return turn.session.scalar(found) is not None


def _keep(turn: Turn, name: str, key: str | None, data: Data, seconds: int, idempotency_key: str | None) -> None:
    row = {
        "id": new_id(),
        "name": name,
        "correlation_key": key,
        "data": feel.dumps(data),
        "received_at": turn.now,
        "expires_at": turn.now + timedelta(seconds=seconds),
        "idempotency_key": idempotency_key,
    }
    if idempotency_key is not None:
        expired = (MESSAGES.c.idempotency_key == idempotency_key, MESSAGES.c.expires_at <= turn.now)
        turn.session.execute(delete(MESSAGES).where(*expired))
    turn.session.execute(upserting(turn.session, Message).values(row).on_conflict_do_nothing())


def _correlate(turn: Turn, name: str, key: str | None, data: Data) -> bool:
    waits = (
        select(SUBSCRIPTIONS.c.case_id, SUBSCRIPTIONS.c.token)
        .join_from(SUBSCRIPTIONS, CASES, SUBSCRIPTIONS.c.case_id == CASES.c.id)
        .where(
            SUBSCRIPTIONS.c.kind == "message",
            SUBSCRIPTIONS.c.name == name,
            or_(SUBSCRIPTIONS.c.correlation_key == key, SUBSCRIPTIONS.c.correlation_key.is_(None)),
            CASES.c.state == OPEN,
        )
        .order_by(SUBSCRIPTIONS.c.correlation_key.is_(None), SUBSCRIPTIONS.c.id)
    )
    for case_id, token in turn.session.execute(waits.limit(20)).all():
        running = cases.load(turn, case_id)
        if str(token) in running.waiting and running.row["state"] == OPEN:
            cases.advance(turn, running, ReceiveMessage(token, dict(data)))
            return True
    return False


def _start(turn: Turn, name: str, data: Data) -> bool:
    found = select(STARTS.c.definition_id, STARTS.c.element).where(STARTS.c.kind == "message", STARTS.c.name == name)
    start = turn.session.execute(found.order_by(STARTS.c.process_id).limit(1)).first()
    if start is None:
        return False
    listed = turn.catalog.definitions[start.definition_id]
    starting.start_case(turn, listed, dict(data), element=start.element)
    return True


def broadcast(turn: Turn, name: str, data: Mapping[str, Any]) -> int:
    """This will give a signal to every case that waits for it and start every process that begins with it."""
    waits = (
        select(SUBSCRIPTIONS.c.case_id)
        .join_from(SUBSCRIPTIONS, CASES, SUBSCRIPTIONS.c.case_id == CASES.c.id)
        .where(SUBSCRIPTIONS.c.kind == "signal", SUBSCRIPTIONS.c.name == name, CASES.c.state == OPEN)
        .distinct()
    )
    receivers: list[UUID] = sorted(turn.session.scalars(waits))  # one order for all: no two broadcasts wait in a circle
    for case_id in receivers:
        cases.advance(turn, cases.load(turn, case_id), ReceiveSignal(name, dict(data)))
    found = select(STARTS.c.definition_id, STARTS.c.element).where(STARTS.c.kind == "signal", STARTS.c.name == name)
    starts = turn.session.execute(found.order_by(STARTS.c.process_id)).all()
    for start in starts:
        listed = turn.catalog.definitions[start.definition_id]
        starting.start_case(turn, listed, dict(data), element=start.element)
    return len(receivers) + len(starts)


def deliver_all(turn: Turn) -> None:
    """This will deliver what cases sent and look for early messages, until nothing is left. Raises MessageStorm."""
    for _ in range(MOST):
        if turn.sent:
            sent = turn.sent.pop(0)
            if isinstance(sent, MessageSent):
                publish(turn, sent.message, sent.correlation_key, sent.data, time_to_live=sent.time_to_live)
            else:
                broadcast(turn, sent.signal, sent.data)
        elif turn.awaited:
            _take_early(turn, turn.awaited.pop(0))
        else:
            return
    raise MessageStorm(limit=MOST)


def _queue_up(turn: Turn, name: str, key: str | None) -> None:
    """Without this a message and its receiver could each look for the other before either can be seen."""
    if is_postgresql(turn.session):
        digest = hashlib.sha256(f"{name}\0{key}".encode()).digest()[:8]
        turn.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest, "big", signed=True))))


def _take_early(turn: Turn, awaited: Awaited) -> None:
    _queue_up(turn, awaited.message, awaited.correlation_key)
    keys = () if awaited.correlation_key is None else (MESSAGES.c.correlation_key == awaited.correlation_key,)
    waits = select(MESSAGES.c.id, MESSAGES.c.correlation_key, MESSAGES.c.data)
    waits = waits.where(MESSAGES.c.name == awaited.message, MESSAGES.c.expires_at > turn.now, *keys)
    waits = waits.order_by(MESSAGES.c.id).limit(1).with_for_update(skip_locked=True)
    early = turn.session.execute(waits).first()
    if early is None:
        return
    if _correlate(turn, awaited.message, early.correlation_key, feel.loads(early.data)):
        turn.session.execute(delete(MESSAGES).where(MESSAGES.c.id == early.id))


def forget_expired(turn: Turn) -> int:
    """This will delete messages that nobody took in time, and return how many."""
    gone = turn.session.execute(delete(MESSAGES).where(MESSAGES.c.expires_at <= turn.now).returning(MESSAGES.c.id))
    return len(gone.all())
