"""Anchors: a digest over the heads of all histories, one line that can be printed and checked years later.

An anchor covers every case whose history grew since the one before: leaves of a Merkle tree (RFC 6962) sorted by case
id, each the JSON of [case id, number, seq, hash, is deleted]. Its digest is the SHA-256 of the JSON of [digest of the
anchor before, number, moment, cases, events, root], so that one printed line seals all anchors before it too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, false, insert, literal, select, true, update
from sqlalchemy.orm import Session

from engine import merkle
from engine.catalog import ZONE
from engine.db import table, upserting
from engine.errors import Conflict, Invalid
from engine.models import Anchor, AnchoredCase, Case, DeletedCase
from engine.turn import Turn

ANCHORS, ANCHORED, CASES, DELETED = (table(model) for model in (Anchor, AnchoredCase, Case, DeletedCase))
MARK = "BIHUAN-ANCHOR"
LINE = re.compile(rf"{MARK}\s+(\d+)\s+(\S+)\s+(\d+)\s+(\d+)\s+((?:[0-9a-f]\s*){{64}})", re.IGNORECASE)


class AnchorBroken(Conflict):
    """Anchor {anchor} is not what was written: {reason}."""


class LineInvalid(Invalid):
    """This is not the line of an anchor. It begins with {mark} and ends with 64 digits and letters from a to f."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What somebody kept of an anchor: its number and digest, with the moment and counts as printed."""

    number: int
    made_at: str
    cases: int
    events: int
    digest: str


def canonical(content: Any) -> bytes:
    """This will write JSON without spaces, texts as they are, in UTF-8: the form that is hashed."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def leaf(case_id: UUID, number: str, seq: int, hash: str, is_deleted: bool) -> bytes:
    """This will return the hash of one case's leaf."""
    return merkle.leaf_hash(canonical([str(case_id), number, seq, hash, bool(is_deleted)]))


def digest(previous: str, number: int, made_at: datetime, cases: int, events: int, root: str) -> str:
    """This will return the digest of an anchor."""
    return hashlib.sha256(canonical([previous, number, moment(made_at), cases, events, root])).hexdigest()


def moment(at: datetime) -> str:
    """This will write a moment as it is hashed: UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def line(anchor: Anchor) -> str:
    """This will write an anchor as one line to print."""
    return f"{MARK} {anchor.number} {moment(anchor.made_at)} {anchor.cases} {anchor.events} {anchor.digest}"


def read_line(text: str) -> Printed:
    """This will read a printed line, whatever its spaces and case. Raises LineInvalid."""
    found = LINE.fullmatch(text.strip())
    if found is None:
        raise LineInvalid(mark=MARK)
    number, made_at, cases, events, printed = found.groups()
    return Printed(int(number), made_at.upper(), int(cases), int(events), re.sub(r"\s", "", printed).lower())


def make(turn: Turn, *, is_daily: bool = False) -> Anchor | None:
    """This will anchor what changed; a daily one only when the day has none yet. None: another process did it.

    Whoever inserts the row of the next number first makes the anchor, however many processes try.
    """
    last = turn.session.scalar(select(Anchor).order_by(Anchor.number.desc()).limit(1))
    day = turn.now.astimezone(ZONE).date()
    if is_daily and turn.session.scalar(select(ANCHORS.c.number).where(ANCHORS.c.day == day).limit(1)) is not None:
        return None
    number, previous = (last.number + 1, last.digest) if last is not None else (1, "")
    row = {"number": number, "day": day, "made_at": turn.now, "cases": 0, "events": 0}
    row |= {"root": "", "previous": previous, "digest": ""}
    mine = upserting(turn.session, Anchor).values(row).on_conflict_do_nothing().returning(ANCHORS.c.number)
    if turn.session.execute(mine).first() is None:
        return None
    for source in (CASES, DELETED):
        turn.session.execute(_changed(number, source))
    found = _seal(turn.session, number)
    sealed = {"cases": found[0], "events": found[1], "root": found[2]}
    sealed["digest"] = digest(previous, number, turn.now, *found)
    turn.session.execute(update(ANCHORS).where(ANCHORS.c.number == number).values(**sealed))
    return turn.session.get_one(Anchor, number, populate_existing=True)


def _changed(number: int, source: Any) -> Any:
    """Copies the heads of one table that no anchor holds yet: one statement, so one moment."""
    is_deleted = source is DELETED
    held = ANCHORED.alias()
    same = (held.c.case_id == source.c.id, held.c.seq == source.c.history_seq, held.c.hash == source.c.history_hash)
    known = select(literal(1)).where(*same, held.c.is_deleted.is_(is_deleted)).exists()
    columns = (literal(number), source.c.id, source.c.number, source.c.history_seq, source.c.history_hash)
    heads = select(*columns, true() if is_deleted else false()).where(~known)
    if is_deleted:
        # a case cannot be both in an anchor: it would be two leaves of one id
        heads = heads.where(source.c.id.not_in(select(held.c.case_id).where(held.c.anchor == number)))
    names = ["anchor", "case_id", "number", "seq", "hash", "is_deleted"]
    return insert(ANCHORED).from_select(names, heads)


_LEAVES = (ANCHORED.c.case_id, ANCHORED.c.number, ANCHORED.c.seq, ANCHORED.c.hash, ANCHORED.c.is_deleted)
_OF_ANCHOR = select(*_LEAVES).where(ANCHORED.c.anchor == bindparam("anchor")).order_by(ANCHORED.c.case_id)


def leaves(session: Session, number: int) -> Iterator[Any]:
    """This will stream the cases of an anchor, sorted by their ids."""
    yield from session.execute(_OF_ANCHOR, {"anchor": number}, execution_options={"yield_per": 2000})


def _seal(session: Session, number: int) -> tuple[int, int, str]:
    """Counts cases and events of an anchor as its rows stand, and computes the root over them."""
    counted = [0, 0]

    def hashes() -> Iterator[bytes]:
        for row in leaves(session, number):
            counted[0] += 1
            counted[1] += row.seq
            yield leaf(*row)

    root = merkle.root(hashes())
    return counted[0], counted[1], root


def check(session: Session, printed: Printed | None = None) -> Iterator[AnchorBroken]:
    """This will compute every anchor anew and tell which are not what was written, or not what was `printed`."""
    previous, expected = "", 0
    by_number: dict[int, Anchor] = {}
    for anchor in session.scalars(select(Anchor).order_by(Anchor.number)).all():
        expected += 1
        by_number[anchor.number] = anchor
        while expected < anchor.number:
            yield AnchorBroken(anchor=expected, reason="it is missing")
            expected += 1
        reason = _fault(session, anchor, previous)
        if reason is not None:
            yield AnchorBroken(anchor=anchor.number, reason=reason)
        previous = anchor.digest
    loose = select(ANCHORED.c.anchor).where(ANCHORED.c.anchor.not_in(list(by_number) or [0])).distinct()
    for number in sorted(session.scalars(loose)):
        if number > expected:
            yield AnchorBroken(anchor=number, reason="it is missing")
    if printed is not None:
        yield from _compare(by_number.get(printed.number), printed)


def _fault(session: Session, anchor: Anchor, previous: str) -> str | None:
    found = _seal(session, anchor.number)
    if found != (anchor.cases, anchor.events, anchor.root):
        return "its cases were changed, removed or added"
    if anchor.previous != previous:
        return "the anchor before it was changed"
    own = digest(anchor.previous, anchor.number, anchor.made_at, anchor.cases, anchor.events, anchor.root)
    return None if own == anchor.digest else "its row was changed"


def _compare(anchor: Anchor | None, printed: Printed) -> Iterator[AnchorBroken]:
    if anchor is None:
        yield AnchorBroken(anchor=printed.number, reason="it is missing, and its line was printed")
    elif anchor.digest != printed.digest:
        yield AnchorBroken(anchor=printed.number, reason="its printed line has another digest")


def listed(session: Session, limit: int = 100) -> list[Anchor]:
    """This will return the newest anchors, the newest first."""
    return list(session.scalars(select(Anchor).order_by(Anchor.number.desc()).limit(limit)))


def proof(session: Session, case_id: UUID) -> list[dict[str, Any]]:
    """This will return each anchor of a case with the path from its leaf to the root."""
    found = []
    mine = select(ANCHORED.c.anchor).where(ANCHORED.c.case_id == case_id).order_by(ANCHORED.c.anchor)
    for number in session.scalars(mine).all():
        rows = list(leaves(session, number))
        index = next(place for place, row in enumerate(rows) if row.case_id == case_id)
        anchor, row = session.get_one(Anchor, number), rows[index]
        found.append(
            {
                "line": line(anchor),
                "previous": anchor.previous,
                "root": anchor.root,
                "number": row.number,
                "seq": row.seq,
                "hash": row.hash,
                "is_deleted": row.is_deleted,
                "index": index,
                "path": merkle.path([leaf(*each) for each in rows], index),
            }
        )
    return found
