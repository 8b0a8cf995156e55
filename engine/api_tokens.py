"""Tokens that programs sign in with for a person: shown once, kept as SHA-256, limited to scopes and a time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.access import Actor
from engine.db import table
from engine.errors import Invalid, NotFound
from engine.models import ApiToken, Person
from engine.people import find_person

TOKENS, PERSONS = table(ApiToken), table(Person)
# what a token may be used for; `read` is every GET
SCOPES = (
    "read",
    "cases",
    "tasks",
    "jobs",
    "messages",
    "diagrams",
    "people",
    "operations",
    "versions",
    "audit",
    "webhooks",
    "calendar",
)
MARK = "bihuan_"  # tells people and scanners for leaked secrets what it is
SHOWN = len(MARK) + 6  # characters by which people tell tokens apart
LONGEST_DAYS = 731
COARSE = timedelta(hours=1)  # the last use is kept only so exactly, to write seldom


class TokenInvalid(Invalid):
    """This token cannot be made: {reason}."""


class TokenNotFound(NotFound):
    """There is no token with the number {token}."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who a token stands for and what it may be used for."""

    token_id: int
    person_id: int
    scopes: frozenset[str]
    used_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """This will tell whether its last use is to be noted again."""
        return self.used_at is None or now - self.used_at >= COARSE


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create(
    session: Session, *, login: str, name: str, scopes: Collection[str], days: int, now: datetime
) -> tuple[ApiToken, str]:
    """This will make a token and return its row and the token itself, which nobody can read again.

    Raises PersonNotFound, TokenInvalid.
    """
    person = find_person(session, login)
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        named = ", ".join(unknown) or "none"
        raise TokenInvalid(reason=f"scopes are {', '.join(SCOPES)}, not {named}")
    if not name.strip() or len(name) > 100:
        raise TokenInvalid(reason="a name of up to 100 characters is needed")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenInvalid(reason=f"it lasts from 1 to {LONGEST_DAYS} days")
    token = MARK + secrets.token_urlsafe(32)
    row = ApiToken(
        person_id=person.id,
        name=name.strip(),
        prefix=token[:SHOWN],
        sha256=_digest(token),
        scopes=" ".join(scope for scope in SCOPES if scope in scopes),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return row, token


def find(session: Session, token: str, *, now: datetime) -> Grant | None:
    """This will return what a token grants; None when it is unknown, expired or revoked, or its account disabled."""
    columns = (TOKENS.c.id, TOKENS.c.person_id, TOKENS.c.scopes, TOKENS.c.used_at)
    valid = (TOKENS.c.revoked_at.is_(None), TOKENS.c.expires_at > now, PERSONS.c.is_active)
    found = select(*columns).join_from(TOKENS, PERSONS, PERSONS.c.id == TOKENS.c.person_id)
    row = session.execute(found.where(TOKENS.c.sha256 == _digest(token), *valid)).first()
    return None if row is None else Grant(row.id, row.person_id, frozenset(row.scopes.split()), row.used_at)


def note_use(session: Session, token_id: int, *, now: datetime) -> None:
    """This will keep when a token was used last."""
    session.execute(update(TOKENS).where(TOKENS.c.id == token_id).values(used_at=now))


def revoke_all(session: Session, person_id: int, *, by: Actor, now: datetime) -> None:
    """This will make all tokens of a person void: who comes back later is given new ones."""
    theirs = (TOKENS.c.person_id == person_id, TOKENS.c.revoked_at.is_(None))
    session.execute(update(TOKENS).where(*theirs).values(revoked_at=now, revoked_by=by.person_id))


def revoke(session: Session, token_id: int, *, by: Actor, now: datetime) -> ApiToken:
    """This will make a token void; once more does no harm. Raises TokenNotFound."""
    row = session.get(ApiToken, token_id)
    if row is None:
        raise TokenNotFound(token=token_id)
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = now, by.person_id
        session.flush()
    return row
