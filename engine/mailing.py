"""Notices on their way out of the house: routed, gathered into one message, sent outside of every transaction.

stateDiagram-v2
    [*] --> waiting : routed, as its person wishes it
    waiting --> sent : the channel took the message
    waiting --> waiting : it did not; the next attempt after a pause, under the same number
    waiting --> failed : the last attempt failed, or another one is no use; operators see it
    waiting --> dropped : its person has left, or has no address any more
    failed --> waiting : an operator sends it again
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, insert, or_, select, update

from engine import letters, preferences, wordings
from engine.access import Actor, require_operator
from engine.channels import Channels, Letter, Receipt
from engine.db import is_postgresql, table
from engine.errors import Conflict, Invalid, NotFound
from engine.letters import Home
from engine.models import Notice, NoticePreference, Person, Sending, new_id
from engine.notices import TRIAL, rows
from engine.preferences import DIGEST, NONE, WINDOW, Preferences
from engine.turn import Turn

log = logging.getLogger(__name__)
NOTICES, SENDINGS, PREFERENCES, PERSONS = table(Notice), table(Sending), table(NoticePreference), table(Person)
WAITING, SENT, FAILED, DROPPED = "waiting", "sent", "failed", "dropped"
# one attempt at once, then after these pauses; about nine hours in all
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
LEASE = timedelta(minutes=5)
BATCH, ROUTED_AT_ONCE, TOGETHER, AT_ONCE = 16, 200, 5_000, 4
STALE = timedelta(days=1)  # what was told before is not sent any more when a channel comes later
KEPT_FOR = timedelta(days=90)

Write = Callable[..., Any]


class SendingNotFound(NotFound):
    """There is no such message on its way."""


class SendingRuns(Conflict):
    """This message was sent or waits to be sent."""


class ChannelMissing(Invalid):
    """This way of sending is not set up, or your address for it is missing."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One message that this worker may send until its lease ends."""

    batch: UUID
    channel: str
    to: str
    letter: Letter
    attempts: int
    units: tuple[str, ...] = ()


def deliver(
    write: Write, by: Any, channels: Channels, *, worker: str, clock: Callable[[], datetime], home: Home,
    should_stop: Callable[[], bool] | None = None,
) -> int:  # fmt: skip
    """This will route what was told and send what is due, a few at a time, and return how many messages it sent."""
    done = 0
    while write(by, route, channels) == ROUTED_AT_ONCE:
        continue
    while channels.names and not (should_stop is not None and should_stop()):
        batch: Sequence[Claimed] = write(by, claim, worker, home)
        if not batch:
            break
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="message") as senders:
            sent = senders.map(lambda each: _send(channels, each, clock()), batch)
            for claimed, receipt in zip(batch, sent, strict=True):
                write(by, note, claimed, receipt)
        done += len(batch)
    return done


def _send(channels: Channels, each: Claimed, now: datetime) -> Receipt:
    return channels.send(each.channel, each.to, each.letter, now, each.units)


def route(turn: Turn, channels: Channels) -> int:
    """This will choose for what was told by which ways it goes out, and return how many notices that were."""
    found = select(NOTICES.c.id, NOTICES.c.person_id, NOTICES.c.kind, NOTICES.c.made_at)
    found = found.where(NOTICES.c.routed_at.is_(None)).order_by(NOTICES.c.id).limit(ROUTED_AT_ONCE)
    if is_postgresql(turn.session):
        found = found.with_for_update(skip_locked=True)
    told = turn.session.execute(found).all()
    if not told:
        return 0
    wishes = _wishes(turn, {row.person_id for row in told}) if channels.names else {}
    sendings = [sending for row in told for sending in _ways(turn, channels, row, wishes.get(row.person_id))]
    if sendings:
        turn.session.execute(insert(SENDINGS), sendings)
    ids = [row.id for row in told]
    turn.session.execute(update(NOTICES).where(NOTICES.c.id.in_(ids)).values(routed_at=turn.now))
    return len(told)


def _wishes(turn: Turn, persons: set[int]) -> dict[int, Preferences]:
    found = turn.session.scalars(select(NoticePreference).where(NoticePreference.person_id.in_(persons)))
    kept = {row.person_id: preferences.of_row(row) for row in found}
    return {id: kept.get(id, Preferences()) for id in persons if id in turn.directory.officials}


def _ways(turn: Turn, channels: Channels, row: Any, wishes: Preferences | None) -> list[dict[str, Any]]:
    if wishes is None or row.made_at < turn.now - STALE:
        return []
    found, units = [], units_of(turn, row.person_id)
    for channel in channels.names:
        mode = wishes.mode(channel, row.kind)
        if mode == NONE or not _has_way(channels, channel, wishes, units):
            continue
        due_at = wishes.moment(row.kind, mode, row.made_at, turn.calendar)
        found.append(_sending(turn, row.id, row.person_id, channel, due_at, is_digest=mode == DIGEST))
    return found


def units_of(turn: Turn, person_id: int | None) -> tuple[str, ...]:
    """This will return the codes of the units that somebody works in, the nearest first, up to the root."""
    official = turn.directory.officials.get(person_id or 0)
    place = turn.directory.units.get(official.unit_id or 0) if official is not None else None
    return tuple(above.code for above in turn.directory.upwards(place)) if place is not None else ()


def _has_way(channels: Channels, channel: str, wishes: Preferences, units: Sequence[str]) -> bool:
    """A robot that speaks to a whole group says only what somebody asked it to say."""
    if channels.address(channel, units) is None:
        return False
    if channels.needs_address(channel, units):
        return channel in wishes.addresses
    return channel in wishes.choices


def _sending(
    turn: Turn, notice_id: UUID, person_id: int, channel: str, due_at: datetime, *, is_digest: bool
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "notice_id": notice_id,
        "person_id": person_id,
        "channel": channel,
        "state": WAITING,
        "is_digest": is_digest,
        "made_at": turn.now,
        "due_at": due_at,
        "attempts": 0,
        "error": "",
    }


def ways(turn: Turn, channels: Channels, *, by: Actor) -> dict[str, bool]:
    """This will return the channels that are set up for the actor's units, and whether each needs an address."""
    units = units_of(turn, by.person_id)
    set_up = [name for name in channels.names if channels.address(name, units) is not None]
    return {name: channels.needs_address(name, units) for name in set_up}


def try_out(turn: Turn, channels: Channels, channel: str) -> UUID:
    """This will send the actor a trial message by one way, at once. Raises ChannelMissing."""
    wishes, person_id = preferences.find(turn.session, turn.by.person_id), turn.by.person_id
    units = units_of(turn, person_id)
    is_set_up = channels.address(channel, units) is not None
    is_ready = is_set_up and (not channels.needs_address(channel, units) or channel in wishes.addresses)
    if person_id is None or not is_ready:
        raise ChannelMissing
    (row,) = rows(turn, [person_id], TRIAL, case=None, detail={})
    turn.session.execute(insert(NOTICES), [{**row, "routed_at": turn.now}])
    made = _sending(turn, row["id"], person_id, channel, turn.now, is_digest=False)
    turn.session.execute(insert(SENDINGS), [{**made, "batch": new_id()}])
    found: UUID = made["id"]
    return found


def claim(turn: Turn, worker: str, home: Home) -> list[Claimed]:
    """This will take messages that are due: what waits for one person on one channel becomes one message."""
    while True:
        batches = _gather(turn)
        if not batches:
            return []
        lease = {"leased_until": turn.now + LEASE, "leased_by": worker[:64]}
        turn.session.execute(update(SENDINGS).where(SENDINGS.c.batch.in_(batches)).values(**lease))
        found = _written(turn, batches, home)
        if found:
            return found


def _gather(turn: Turn) -> list[UUID]:
    free = or_(SENDINGS.c.leased_until.is_(None), SENDINGS.c.leased_until < turn.now)
    due = and_(SENDINGS.c.state == WAITING, SENDINGS.c.due_at <= turn.now, free)
    names = (SENDINGS.c.id, SENDINGS.c.batch, SENDINGS.c.person_id, SENDINGS.c.channel)
    first = select(*names).where(due).order_by(SENDINGS.c.due_at, SENDINGS.c.id).limit(BATCH)
    if is_postgresql(turn.session):
        first = first.with_for_update(skip_locked=True)
    batches: dict[UUID, None] = {}
    taken: set[tuple[int, str]] = set()
    for row in turn.session.execute(first).all():
        if row.batch is not None:
            batches[row.batch] = None
        elif (row.person_id, row.channel) not in taken:
            taken.add((row.person_id, row.channel))
            batches[_bind(turn, row)] = None
    return list(batches)


def _bind(turn: Turn, row: Any) -> UUID:
    """All that waits for one person on one channel, and would go out in a moment anyway, is one message for good."""
    free = (SENDINGS.c.state == WAITING, SENDINGS.c.batch.is_(None), SENDINGS.c.due_at <= turn.now + WINDOW)
    mine = (SENDINGS.c.person_id == row.person_id, SENDINGS.c.channel == row.channel)
    found = select(SENDINGS.c.id).where(*free, *mine).order_by(SENDINGS.c.id).limit(TOGETHER)
    if is_postgresql(turn.session):
        found = found.with_for_update(skip_locked=True)
    ids, batch = list(turn.session.scalars(found)), new_id()
    turn.session.execute(update(SENDINGS).where(SENDINGS.c.id.in_({*ids, row.id})).values(batch=batch))
    return batch


def _written(turn: Turn, batches: Sequence[UUID], home: Home) -> list[Claimed]:
    """The messages of batches. Whoever has left, or has no address any more, gets none."""
    shown = (*NOTICES.c, *(SENDINGS.c[name] for name in ("batch", "channel", "is_digest", "attempts")))
    found = select(*shown, PERSONS.c.name.label("person_name"), PERSONS.c.locale.label("person_locale"))
    found = found.join_from(SENDINGS, NOTICES, NOTICES.c.id == SENDINGS.c.notice_id)
    found = found.join(PERSONS, PERSONS.c.id == SENDINGS.c.person_id)
    found = found.where(SENDINGS.c.batch.in_(batches), SENDINGS.c.state == WAITING).order_by(SENDINGS.c.id)
    grouped: dict[UUID, list[Any]] = {batch: [] for batch in batches}
    for row in turn.session.execute(found).mappings():
        grouped[row["batch"]].append(row)
    texts = wordings.current(turn.session)
    wishes = _wishes(turn, {told[0]["person_id"] for told in grouped.values() if told})
    made = []
    for batch, told in grouped.items():
        if not told:
            continue
        channel, mine = told[0]["channel"], wishes.get(told[0]["person_id"])
        if mine is None:
            turn.session.execute(update(SENDINGS).where(SENDINGS.c.batch == batch).values(state=DROPPED))
            continue
        letter = letters.write(str(batch), told, texts, home)
        to, units = mine.addresses.get(channel, ""), units_of(turn, told[0]["person_id"])
        made.append(Claimed(batch, channel, to, letter, told[0]["attempts"], units))
    return made


def note(turn: Turn, claimed: Claimed, receipt: Receipt) -> None:
    """This will keep what became of a message."""
    attempts = claimed.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "error": receipt.error, "leased_until": None, "leased_by": None}
    if not receipt.error:
        values |= {"state": SENT, "sent_at": turn.now}
    elif receipt.is_final or attempts > len(PAUSES):
        values["state"] = FAILED
        log.error("message %s by %s is given up: %s", claimed.batch, claimed.channel, receipt.error)
    else:
        values["due_at"] = turn.now + PAUSES[attempts - 1]
    mine = (SENDINGS.c.batch == claimed.batch, SENDINGS.c.state == WAITING, SENDINGS.c.attempts == claimed.attempts)
    turn.session.execute(update(SENDINGS).where(*mine).values(**values))


def send_again(turn: Turn, batch: UUID | None) -> int:
    """This will send a message that was given up once more under its number, or all of them (None).

    Returns of how many notices. Raises OperatorsOnly, SendingNotFound, SendingRuns.
    """
    require_operator(turn.by)
    again = {"state": WAITING, "due_at": turn.now, "attempts": 0, "leased_until": None, "leased_by": None}
    which = [SENDINGS.c.batch == batch] if batch is not None else []
    given_up = update(SENDINGS).where(SENDINGS.c.state == FAILED, *which).values(**again)
    done = len(turn.session.execute(given_up.returning(SENDINGS.c.id)).all())
    if not done and batch is not None:
        found = turn.session.scalar(select(func.count()).select_from(SENDINGS).where(*which))
        raise SendingRuns if found else SendingNotFound
    return done


def forget(turn: Turn) -> int:
    """This will delete what was sent or dropped 90 days ago, and notices read that long ago; return how many."""
    old = turn.now - KEPT_FOR
    over = (SENDINGS.c.made_at <= old, SENDINGS.c.state.in_((SENT, DROPPED)))
    gone = len(turn.session.execute(delete(SENDINGS).where(*over).returning(SENDINGS.c.id)).all())
    named = select(SENDINGS.c.id).where(SENDINGS.c.notice_id == NOTICES.c.id).exists()
    read = (NOTICES.c.read_at <= old, NOTICES.c.made_at <= old, ~named)
    return gone + len(turn.session.execute(delete(NOTICES).where(*read).returning(NOTICES.c.id)).all())
