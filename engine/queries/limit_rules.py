"""The rules of limits that are in force, and the versions of one with what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.access import Actor, require_designer
from engine.catalog import LIMIT
from engine.errors import NotFound
from engine.limit_definitions import LimitDefinition, RuleChange, differences
from engine.models import Deployment, Person, Resource
from engine.queries import paging


class LimitRuleNotFound(NotFound):
    """There is no rule of a limit with the code {code}."""


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of a rule: its text, who put it in force, when and why, what it changed, whether it holds today."""

    app: str
    version: int
    definition: LimitDefinition
    content: str
    deployed_at: datetime
    deployed_by: str
    note: str
    changes: list[RuleChange]
    is_in_force: bool


def limit_rules(session: Session, actor: Actor) -> list[RuleVersion]:
    """This will list the newest version of every rule, by app and name. Raises DesignersOnly."""
    require_designer(actor)
    listed = paging.library(session).catalog(session).of_kind(LIMIT)
    found = [_versions(session, versions[0].key)[0] for versions in listed]
    return sorted(found, key=lambda each: (each.app, each.definition.code))


def limit_rule(session: Session, actor: Actor, code: str) -> list[RuleVersion]:
    """This will list the versions of one rule, the newest first. Raises DesignersOnly, LimitRuleNotFound."""
    require_designer(actor)
    found = _versions(session, code)
    if not found:
        raise LimitRuleNotFound(code=code)
    return found


def _versions(session: Session, code: str) -> list[RuleVersion]:
    library = paging.library(session)
    today = library.catalog(session).resource(LIMIT, code, now=paging.now(session))
    rows = select(Resource, Deployment, Person.name).join(Deployment, Deployment.id == Resource.deployment_id)
    rows = rows.outerjoin(Person, Person.id == Deployment.deployed_by)
    rows = rows.where(Resource.kind == LIMIT, Resource.key == code).order_by(Resource.version)
    found: list[RuleVersion] = []
    for row, made, by in session.execute(rows):
        definition = library.limit(session, row.id)
        changes = differences(found[-1].definition, definition) if found else []
        is_in_force = today is not None and today.id == row.id
        told = (row.content, made.deployed_at, by or "", made.note)
        found.append(RuleVersion(row.app, row.version, definition, *told, changes, is_in_force))
    return found[::-1]
