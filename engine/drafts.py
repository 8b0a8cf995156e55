"""What a person typed and has not sent yet."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, select

from engine import feel
from engine.db import table, upserting
from engine.errors import Invalid
from engine.models import Draft
from engine.turn import Turn

DRAFTS = table(Draft)
LARGEST = 200_000  # characters


class DraftTooLarge(Invalid):
    """A draft may have at most {limit} characters."""


def save(turn: Turn, key: str, data: dict[str, Any]) -> None:
    """This will keep `data` under a task's id or a process id for the person of this turn; nothing empty is kept."""
    if turn.by.person_id is None:
        return
    if not data:
        mine = (DRAFTS.c.person_id == turn.by.person_id, DRAFTS.c.key == key)
        turn.session.execute(delete(DRAFTS).where(*mine))
        return
    keep(turn, key, data, turn.by.person_id)


def hand_over(turn: Turn, key: str, person_id: int, heirs: Collection[int]) -> None:
    """This will give a copy of a person's draft to each of `heirs` who has none of their own."""
    mine = select(DRAFTS.c.data).where(DRAFTS.c.person_id == person_id, DRAFTS.c.key == key)
    data = turn.session.scalar(mine)
    if data is None:
        return
    for heir in heirs:
        made = upserting(turn.session, Draft).values(person_id=heir, key=key, data=data, saved_at=turn.now)
        turn.session.execute(made.on_conflict_do_nothing(index_elements=["person_id", "key"]))


def last_writer(turn: Turn, key: str, but: Collection[int]) -> int | None:
    """This will return who wrote a draft last, of all but these; None when nobody did."""
    others = select(DRAFTS.c.person_id).where(DRAFTS.c.key == key, DRAFTS.c.person_id.not_in(but))
    return turn.session.scalar(others.order_by(DRAFTS.c.saved_at.desc()).limit(1))


def keep(turn: Turn, key: str, data: dict[str, Any], person_id: int) -> None:
    """This will keep `data` as the draft of a person, in place of an older one. Raises DraftTooLarge."""
    text = feel.dumps(data)
    if len(text) > LARGEST:
        raise DraftTooLarge(limit=LARGEST)
    values = {"data": text, "saved_at": turn.now}
    made = upserting(turn.session, Draft).values(person_id=person_id, key=key[:200], **values)
    turn.session.execute(made.on_conflict_do_update(index_elements=["person_id", "key"], set_=values))
