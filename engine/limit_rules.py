"""Puts one limit in force as designers and operators write it, as a new version beside the file of its app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import yaml
from sqlalchemy import func, select

from engine.access import Actor, require_designer
from engine.calendars import CHINA
from engine.catalog import LIMIT
from engine.checks import Package
from engine.db import table
from engine.deployments import examine, put_in_force
from engine.errors import Conflict, Fault, FaultsFound
from engine.limit_definitions import LimitDefinition, RuleChange, differences
from engine.limits import reckon
from engine.models import LIMIT_IS, PAUSED, RUNNING, Limit, Resource
from engine.reckoning import Reckoning, Started
from engine.turn import Turn

Data = dict[str, Any]
LIMITS = table(Limit)
MOST_COUNTED = 10_000  # running limits that a preview counts


class LimitRuleUnchanged(Conflict):
    """The rule of the limit “{name}” says just this already."""


@dataclass(frozen=True, slots=True)
class RuleForeseen:
    """What putting a rule in force would do.

    `changes` are against the version before; `kept` limits run on by the version that they began with (counted up to
    MOST_COUNTED). New ones follow the rule from the day `begins`, unless `shadow`, an earlier version, holds then as
    well and began later. `due` is when one that begins on the day of the trial is due, `due_before` by the rule of now.
    """

    version: int
    definition: LimitDefinition
    changes: list[RuleChange]
    kept: int
    begins: date
    shadow: int | None
    due: Reckoning
    due_before: Reckoning | None


def deploy_limit(turn: Turn, app: str, content: str, *, note: str = "") -> Resource:
    """This will put one limit (the YAML of its entry) in force as a new version.

    Raises DesignersOnly, AppNotFound, LimitRuleUnchanged, and FaultsFound with every fault.
    """
    require_designer(turn.by)
    package, code = _package(turn, app, content)
    deployment = put_in_force(turn, package, turn.library.app(app), note=note)
    if deployment is None:
        raise LimitRuleUnchanged(name=_only(package).name)
    return turn.session.get_one(Resource, turn.catalog.resources[LIMIT, code][-1].id)


def foresee_rule(turn: Turn, app: str, content: str, day: date, *, by: Actor) -> RuleForeseen:
    """This will tell what `deploy_limit` would do; limits of the trial begin on `day`. It raises what that raises."""
    require_designer(by)
    package, code = _package(turn, app, content)
    checked = examine(turn, package, turn.library.app(app))
    if checked.faults:
        raise FaultsFound(checked.faults)
    rule, versions = _only(package), turn.catalog.resources.get((LIMIT, code), [])
    newest = turn.library.limit(turn.session, versions[-1].id) if versions else None
    changes = differences(newest, rule) if newest is not None else []
    if newest is not None and not changes:
        raise LimitRuleUnchanged(name=rule.name)
    today = turn.now.astimezone(CHINA).date()
    begins = max(today, rule.effective_from or today)
    now = turn.catalog.resource(LIMIT, code, now=turn.now)
    before = turn.library.limit(turn.session, now.id) if now is not None else None
    return RuleForeseen(
        version=versions[-1].version + 1 if versions else 1,
        definition=rule,
        changes=changes,
        kept=_running(turn, code),
        begins=begins,
        shadow=_shadow(turn, code, rule, begins),
        due=_trial(turn, rule, day),
        due_before=_trial(turn, before, day) if before is not None else None,
    )


def _package(turn: Turn, app: str, content: str) -> tuple[Package, str]:
    entry = read_entry(content)
    package = Package()
    package.add_limits("limits.yaml", yaml.safe_dump({"limits": [entry]}, allow_unicode=True, sort_keys=False))
    code = str(entry.get("code", ""))
    other = next((each for each in turn.catalog.resources.get((LIMIT, code), []) if each.app != app), None)
    if other is not None:
        raise FaultsFound([Fault(f"the code {code} belongs to another app", name=code, element="code", code="limit")])
    return package, code


def _only(package: Package) -> LimitDefinition:
    return next(limit for found in package.limits.values() for _text, limit in found)


def _running(turn: Turn, code: str) -> int:
    versions = [listed.id for listed in turn.catalog.resources.get((LIMIT, code), ())]
    found = 0
    for state in (RUNNING, PAUSED):  # each has an index of its own
        some = select(LIMITS.c.id).where(LIMIT_IS[state], LIMITS.c.resource_id.in_(versions)).limit(MOST_COUNTED)
        found += turn.session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return min(found, MOST_COUNTED)


def _shadow(turn: Turn, code: str, rule: LimitDefinition, day: date) -> int | None:
    """The version that would hold on `day` although a newer one is put in force: it says that it begins later."""
    held = turn.catalog.resource(LIMIT, code, now=turn.now, on=day)
    if held is None or held.effective_from is None or held.effective_from <= (rule.effective_from or date.min):
        return None
    return held.version


def _trial(turn: Turn, rule: LimitDefinition, day: date) -> Reckoning:
    return reckon(rule, [Started(datetime.combine(day, time(9), CHINA))], turn.calendar)


def read_entry(content: str) -> Data:
    """This will read the YAML of one limit. Raises FaultsFound."""
    try:
        entry = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise FaultsFound([Fault(f"not YAML: {error}", code="limit")]) from error
    if not isinstance(entry, dict):
        raise FaultsFound([Fault("it needs code, name, basis and term", code="limit")])
    return {str(key): value for key, value in entry.items()}
