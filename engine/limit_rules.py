"""Puts one limit in force as designers and operators write it, as a new version beside the file of its app."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import yaml

from engine import limit_definitions
from engine.access import Actor, require_designer
from engine.calendars import CHINA
from engine.catalog import LIMIT
from engine.checks import Package
from engine.deployments import put_in_force
from engine.errors import Conflict, Fault, FaultsFound
from engine.limits import reckon
from engine.models import Resource
from engine.reckoning import Reckoning, Started
from engine.turn import Turn

Data = dict[str, Any]


class LimitRuleUnchanged(Conflict):
    """The rule of the limit “{name}” says just this already."""


def deploy_limit(turn: Turn, app: str, content: str, *, note: str = "") -> Resource:
    """This will put one limit (the YAML of its entry) in force as a new version.

    Raises DesignersOnly, AppNotFound, LimitRuleUnchanged, and FaultsFound with every fault.
    """
    require_designer(turn.by)
    entry = read_entry(content)
    package = Package()
    package.add_limits("limits.yaml", yaml.safe_dump({"limits": [entry]}, allow_unicode=True, sort_keys=False))
    code = str(entry.get("code", ""))
    other = next((each for each in turn.catalog.resources.get((LIMIT, code), []) if each.app != app), None)
    if other is not None:
        raise FaultsFound([Fault(f"the code {code} belongs to another app", name=code, element="code", code="limit")])
    deployment = put_in_force(turn, package, turn.library.app(app), note=note)
    if deployment is None:
        raise LimitRuleUnchanged(name=entry.get("name", code))
    return turn.session.get_one(Resource, turn.catalog.resources[LIMIT, code][-1].id)


def read_entry(content: str) -> Data:
    """This will read the YAML of one limit. Raises FaultsFound."""
    try:
        entry = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise FaultsFound([Fault(f"not YAML: {error}", code="limit")]) from error
    if not isinstance(entry, dict):
        raise FaultsFound([Fault("it needs code, name, basis and term", code="limit")])
    return {str(key): value for key, value in entry.items()}


def try_limit(turn: Turn, content: str, day: date, *, by: Actor) -> Reckoning:
    """This will tell when a limit that begins on `day` would be due. Raises DesignersOnly, FaultsFound."""
    require_designer(by)
    definition = limit_definitions.read(read_entry(content))
    moment = datetime.combine(day, time(9), CHINA)
    return reckon(definition, [Started(moment)], turn.calendar)
