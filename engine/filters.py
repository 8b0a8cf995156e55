"""Questions to a list that people keep under a name, for themselves or for their unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine import feel
from engine.errors import Invalid, NotFound, Refused
from engine.models import KeptFilter
from engine.people import UnitNotFound
from engine.turn import Turn

LISTS = ("inbox", "cases", "board")
LONGEST_NAME, LARGEST, MOST = 100, 4_000, 100


class KeptFilterInvalid(Invalid):
    """The filter cannot be kept."""


class FilterNameInvalid(KeptFilterInvalid):
    """The name of a filter has 1 to {limit} characters."""


class ListUnknown(KeptFilterInvalid):
    """There is no list {list}."""


class TooManyFilters(KeptFilterInvalid):
    """Nobody keeps more than {limit} filters."""


class KeptFilterNotFound(NotFound):
    """You have no such filter."""


class NotYourUnit(Refused):
    """You can share filters with units where you hold a role; you hold none in {unit}."""


def save(turn: Turn, name: str, asked: Mapping[str, Any], *, list: str, unit_code: str | None) -> KeptFilter:
    """This will keep a filter; one of the same name is written over.

    Raises KeptFilterInvalid, NotYourUnit, UnitNotFound.
    """
    name, text = name.strip(), feel.dumps(dict(asked))
    if not name or len(name) > LONGEST_NAME:
        raise FilterNameInvalid(limit=LONGEST_NAME)
    if list not in LISTS:
        raise ListUnknown(list=list)
    if len(text) > LARGEST or turn.by.person_id is None:
        raise KeptFilterInvalid
    mine = select(KeptFilter).where(KeptFilter.person_id == turn.by.person_id)
    kept = turn.session.scalar(mine.where(KeptFilter.list == list, KeptFilter.name == name))
    if kept is None:
        if len(turn.session.scalars(mine).all()) >= MOST:
            raise TooManyFilters(limit=MOST)
        kept = KeptFilter(person_id=turn.by.person_id, list=list, name=name)
        turn.session.add(kept)
    kept.unit_id, kept.asked, kept.saved_at = _unit(turn, unit_code), text, turn.now
    turn.session.flush()
    return kept


def _unit(turn: Turn, code: str | None) -> int | None:
    if code is None:
        return None
    place = turn.directory.codes.get(code)
    if place is None:
        raise UnitNotFound(code=code)
    if all(held.unit_id != place.id for held in turn.by.memberships):
        raise NotYourUnit(unit=place.name)
    return place.id


def remove(turn: Turn, filter_id: int) -> None:
    """This will forget a filter of the person. Raises KeptFilterNotFound."""
    kept = turn.session.get(KeptFilter, filter_id)
    if kept is None or kept.person_id != turn.by.person_id:
        raise KeptFilterNotFound
    turn.session.delete(kept)
    turn.session.flush()
