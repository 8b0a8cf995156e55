"""Messages and signals: one message reaches one receiver, an early one waits for it, a signal reaches everybody."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, delete, func, or_, select

from engine import batches, cases, feel, prepared, singles, starting
from engine.access import require_operator
from engine.bpmn.outcome import LONGEST_NAME, MessageSent
from engine.bpmn.stimuli import ReceiveMessage, ReceiveSignal
from engine.bpmn.waiting import key_text
from engine.cases import CASES
from engine.db import is_postgresql, table, upserting
from engine.errors import Conflict, Invalid, NotFound
from engine.models import OPEN, Message, Start, Subscription, new_id
from engine.prepared import Prepared
from engine.sentences import N_, Sentence
from engine.turn import Awaited, Begun, Broadcast, Turn

Data = dict[str, Any]
MESSAGES, STARTS, SUBSCRIPTIONS = table(Message), table(Start), table(Subscription)
MOST = 10_000  # deliveries in one transaction
TOGETHER = 100  # cases that hear a signal at once
LONGEST_LIFE = 366 * 86_400  # seconds
KEY_KEPT = 7 * 86_400  # seconds for which the idempotency key of a message that was taken is remembered

_NAMED = bindparam("name", type_=String)
_KEYED = bindparam("key", type_=String)
_OF_NAME, _OF_KEY = bindparam("of_name", type_=BigInteger), bindparam("of_key", type_=BigInteger)
_ALL: ColumnElement[Any] = func.pg_advisory_xact_lock(_OF_NAME, type_=String)
_SHARED: ColumnElement[Any] = func.pg_advisory_xact_lock_shared(_OF_NAME, type_=String)
_ONE: ColumnElement[Any] = func.pg_advisory_xact_lock(_OF_KEY, type_=String)
_QUEUEING, _QUEUEING_ONE = Prepared(select(_ALL)), Prepared(select(_SHARED, _ONE))
_WAITS = Prepared(
    select(SUBSCRIPTIONS.c.case_id, SUBSCRIPTIONS.c.token)
    .join_from(SUBSCRIPTIONS, CASES, SUBSCRIPTIONS.c.case_id == CASES.c.id)
    .where(
        SUBSCRIPTIONS.c.kind == "message",
        SUBSCRIPTIONS.c.name == _NAMED,
        or_(SUBSCRIPTIONS.c.correlation_key == _KEYED, SUBSCRIPTIONS.c.correlation_key.is_(None)),
        CASES.c.state == OPEN,
    )
    .order_by(SUBSCRIPTIONS.c.correlation_key.is_(None), SUBSCRIPTIONS.c.id)
    .limit(20)
)
_STARTING = Prepared(
    select(STARTS.c.definition_id, STARTS.c.process_id, STARTS.c.element)
    .where(STARTS.c.kind == "message", STARTS.c.name == _NAMED)
    .order_by(STARTS.c.process_id)
)
_OF_EARLY = (MESSAGES.c.id, MESSAGES.c.correlation_key, MESSAGES.c.data, MESSAGES.c.idempotency_key)
_KEPT = (MESSAGES.c.name == _NAMED, MESSAGES.c.expires_at > bindparam("now", type_=MESSAGES.c.expires_at.type))
_OLDEST = (MESSAGES.c.received_at, MESSAGES.c.id)  # by id alone PostgreSQL would look through those of other names
_FIRST, _FIRST_ONE = (
    select(MESSAGES.c.id).where(*which).order_by(*_OLDEST).limit(1).scalar_subquery()
    for which in (_KEPT, (*_KEPT, MESSAGES.c.correlation_key == _KEYED))
)
_EARLY, _EARLY_ONE = (
    Prepared(select(*_OF_EARLY).where(MESSAGES.c.id == first).with_for_update(skip_locked=True))
    for first in (_FIRST, _FIRST_ONE)
)


class Delivery(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    KEPT = "kept"
    LOST = "lost"


class MessageInvalid(Invalid):
    """The message cannot be taken: {reason}."""


class MessageNotFound(NotFound):
    """No such message waits: a case has taken it, or its time is over."""


class MessageStorm(Conflict):
    """One event would set off more than {limit} messages at once."""


def publish(
    turn: Turn,
    name: str,
    correlation_key: str | float | Decimal | None,
    data: Data,
    *,
    time_to_live: int = 0,
    idempotency_key: str | None = None,
) -> Delivery:
    """This will deliver a message to one receiver and tell what became of it. Raises MessageInvalid.

    A running case that waits for it comes first (the one that waits longest), then a start event; while a case that a
    message with the same correlation key began has not ended, none begins another one of its process. Without a
    receiver it is kept for `time_to_live` seconds. A key that was used for this name before does nothing while the
    first message is kept, and for 7 days after it was taken; of a message that nobody took or kept no key is
    remembered: it may be sent again.
    """
    given, correlation_key = correlation_key, key_text(correlation_key)
    _refuse(name, given, correlation_key, time_to_live)
    key = _digest(name, idempotency_key) if idempotency_key else None
    if key is not None:
        if is_postgresql(turn.session):
            turn.session.execute(select(func.pg_advisory_xact_lock(_number("key", key))))
        earlier = _earlier(turn, key)
        if earlier is not None:
            return earlier
    asked = {"name": name, "key": correlation_key}
    queueing = _queueing(turn, name, correlation_key)
    *_, waits, starts = prepared.rows(turn.session, *queueing, (_WAITS, asked), (_STARTING, asked))
    if _give(turn, name, data, waits) or _start(turn, name, correlation_key, data, starts):
        if key is not None:
            _keep(turn, "", None, {}, max(time_to_live, KEY_KEPT), key)  # under no name that anybody waits for
        return Delivery.TAKEN
    if time_to_live > 0:
        _keep(turn, name, correlation_key, data, time_to_live, key)
        return Delivery.KEPT
    return Delivery.LOST


def _refuse(name: str, given: Any, key: str | None, time_to_live: int) -> None:
    values: Data = {"most": LONGEST_NAME}
    if not name or len(name) > LONGEST_NAME:
        template = N_("a name has 1 to {most} characters")
    elif given is not None and key is None:
        template = N_("a correlation key is text or a number")
    elif key is not None and len(key) > LONGEST_NAME:
        template = N_("a correlation key has up to {most} characters")
    elif not 0 <= time_to_live <= LONGEST_LIFE:
        template, values = N_("it is kept from 0 to {most} seconds"), {"most": LONGEST_LIFE}
    else:
        return
    raise MessageInvalid(reason=Sentence(template, values))


def _digest(*parts: str | None) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def _earlier(turn: Turn, key: str) -> Delivery | None:
    """What became of the message that used this key before."""
    found = select(MESSAGES.c.name).where(MESSAGES.c.idempotency_key == key, MESSAGES.c.expires_at > turn.now)
    name = turn.session.scalar(found)
    if name is None:
        return None
    return Delivery.KEPT if name else Delivery.TAKEN


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
    asked = {"name": name, "key": key}
    return _give(turn, name, data, prepared.rows(turn.session, *_queueing(turn, name, key), (_WAITS, asked))[-1])


def _give(turn: Turn, name: str, data: Data, waits: Sequence[Sequence[Any]]) -> bool:
    """Gives a message to the first of those who wait for it that still does."""
    for case_id, token in waits:
        running = cases.load(turn, case_id)
        if str(token) in running.waiting and running.row["state"] == OPEN:
            with turn.reaching(case_id, name):
                cases.advance(turn, running, ReceiveMessage(token, dict(data)))
            return True
    return False


def _start(turn: Turn, name: str, key: str | None, data: Data, starts: Sequence[Sequence[Any]]) -> bool:
    for definition_id, process_id, element in starts:
        if not key or _may_begin(turn, process_id, key):
            listed = turn.catalog.definitions[definition_id]
            with turn.reaching(definition_id, name):
                starting.start_case(turn, listed, dict(data), element=element, key=key or None)
            return True
    return False


def _may_begin(turn: Turn, process_id: str, key: str) -> bool:
    """Camunda 8: one case of a process at a time for a key, whichever of its messages begins it; none without a key."""
    return singles.open_case(turn, process_id, key) is None


def broadcast(turn: Turn, name: str, data: Mapping[str, Any], *, sender: UUID | None = None) -> int:
    """This will give a signal to every case that waits for it and start every process that begins with it.

    The case `sender` threw it and does not hear it again: whoever begins to wait after a signal has not heard it.
    """
    waits = (
        select(SUBSCRIPTIONS.c.case_id)
        .join_from(SUBSCRIPTIONS, CASES, SUBSCRIPTIONS.c.case_id == CASES.c.id)
        .where(SUBSCRIPTIONS.c.kind == "signal", SUBSCRIPTIONS.c.name == name, CASES.c.state == OPEN)
        .distinct()
    )
    found_ids = set(turn.session.scalars(waits)) - {sender}
    receivers: list[UUID] = sorted(found_ids)  # one order for all: no two broadcasts wait in a circle
    groups = (receivers[first : first + TOGETHER] for first in range(0, len(receivers), TOGETHER))
    heard = sum(_call_out(turn, group, name, data) for group in groups)
    found = select(STARTS.c.definition_id, STARTS.c.element).where(STARTS.c.kind == "signal", STARTS.c.name == name)
    starts = turn.session.execute(found.order_by(STARTS.c.process_id)).all()
    for start in starts:
        listed = turn.catalog.definitions[start.definition_id]
        with turn.reaching(listed.id, name):
            starting.start_case(turn, listed, dict(data), element=start.element)
    return heard + len(starts)


def _call_out(turn: Turn, case_ids: Sequence[UUID], name: str, data: Mapping[str, Any]) -> int:
    """Gives a signal to some cases, read at once and written at once, and tells how many were still open."""
    known = batches.read(turn, case_ids, [], [])
    still = [running for case_id in case_ids if (running := known.case(turn, case_id)).row["state"] == OPEN]
    with prepared.gathering(turn.session):
        for running in still:
            with turn.reaching(running.id, name):
                cases.advance(turn, running, ReceiveSignal(name, dict(data)))
    return len(still)


def deliver_all(turn: Turn) -> None:
    """This will deliver what cases sent and look for early messages, until nothing is left. Raises MessageStorm."""
    sent, awaited, ended = turn.post
    for _ in range(MOST):
        turn.collect()
        if sent:
            told, turn.causes.now = sent.popleft()
            _deliver(turn, told)
        elif awaited:
            told, turn.causes.now = awaited.popleft()
            _take_early(turn, told)
        elif ended:
            told, turn.causes.now = ended.popleft()
            _begin_next(turn, told)
        else:
            turn.causes.now = None
            return
    raise MessageStorm(limit=MOST)


def _deliver(turn: Turn, told: MessageSent | Broadcast) -> None:
    if isinstance(told, Broadcast):
        broadcast(turn, told.sent.signal, told.sent.data, sender=told.case_id)
    else:
        kept = min(max(told.time_to_live, 0), LONGEST_LIFE)
        publish(turn, told.message, told.correlation_key, told.data, time_to_live=kept)


def _queueing(turn: Turn, name: str, key: str | None) -> list[tuple[Prepared, Data]]:
    """Without this a message and its receiver could each look for the other before either can be seen.

    A receiver without a key takes messages of every key, so it has to wait for all of them.
    """
    if not is_postgresql(turn.session):
        return []
    if key is None:
        return [(_QUEUEING, {"of_name": _number("message", name)})]
    return [(_QUEUEING_ONE, {"of_name": _number("message", name), "of_key": _number("message", name, key)})]


def _number(*what: str) -> int:
    return int.from_bytes(bytes.fromhex(_digest(*what))[:8], "big", signed=True)


def _take_early(turn: Turn, awaited: Awaited) -> None:
    name, key = awaited.message, awaited.correlation_key
    asked = {"name": name, "key": key, "now": turn.now}
    early = prepared.rows(turn.session, *_queueing(turn, name, key), (_EARLY if key is None else _EARLY_ONE, asked))[-1]
    for id, its_key, data, idempotency_key in early:
        if _correlate(turn, name, its_key, feel.loads(data)):
            _forget(turn, id, idempotency_key)
            turn.awaited.append(awaited)  # an event that does not interrupt takes the next one, too


def _forget(turn: Turn, id: UUID, idempotency_key: str | None) -> None:
    """Deletes an early message that was taken; its idempotency key is remembered."""
    turn.session.execute(delete(MESSAGES).where(MESSAGES.c.id == id))
    if idempotency_key is not None:
        _keep(turn, "", None, {}, KEY_KEPT, idempotency_key)


def _begin_next(turn: Turn, begun: Begun) -> None:
    """The message that waits longest for a case of its key to end begins the next one of that process."""
    key, of_process = begun.correlation_key, (STARTS.c.kind == "message", STARTS.c.process_id == begun.process_id)
    names = sorted(turn.session.scalars(select(STARTS.c.name).where(*of_process)))
    prepared.rows(turn.session, *(question for name in names for question in _queueing(turn, name, key)))
    if not names or not _may_begin(turn, begun.process_id, key):
        return
    kept = select(MESSAGES.c.id, MESSAGES.c.name, MESSAGES.c.data, MESSAGES.c.idempotency_key)
    kept = kept.where(MESSAGES.c.name.in_(names), MESSAGES.c.correlation_key == key, MESSAGES.c.expires_at > turn.now)
    early = turn.session.execute(kept.order_by(MESSAGES.c.id).limit(1).with_for_update(skip_locked=True)).first()
    if early is None:
        return
    starts = prepared.rows(turn.session, (_STARTING, {"name": early.name}))[0]
    if _start(turn, early.name, key, feel.loads(early.data), starts):
        _forget(turn, early.id, early.idempotency_key)


def look_again(turn: Turn, case_id: UUID) -> None:
    """This will let a case that could take no messages for a while look for those that came meanwhile."""
    mine = (SUBSCRIPTIONS.c.case_id == case_id, SUBSCRIPTIONS.c.kind == "message")
    waits = select(SUBSCRIPTIONS.c.name, SUBSCRIPTIONS.c.correlation_key).where(*mine).order_by(SUBSCRIPTIONS.c.id)
    for name, key in turn.session.execute(waits).all():
        turn.awaited.append(Awaited(case_id=case_id, message=name, correlation_key=key))


def drop(turn: Turn, message_id: UUID) -> None:
    """This will forget a message that waits for its receiver. Raises OperatorsOnly, MessageNotFound."""
    require_operator(turn.by)
    mine = (MESSAGES.c.id == message_id, MESSAGES.c.name != "", MESSAGES.c.expires_at > turn.now)
    if turn.session.execute(delete(MESSAGES).where(*mine).returning(MESSAGES.c.id)).first() is None:
        raise MessageNotFound


def forget_expired(turn: Turn) -> int:
    """This will delete messages that nobody took in time, and return how many."""
    gone = turn.session.execute(delete(MESSAGES).where(MESSAGES.c.expires_at <= turn.now).returning(MESSAGES.c.id))
    return len(gone.all())
