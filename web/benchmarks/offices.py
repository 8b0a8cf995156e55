"""The office of a soak: a process with all that waits (tasks, timers, limits, service calls), and its officials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import ProcessApp, Summary
from web.benchmarks import world

PROCESS = "soak"
TASKS_OF_A_CASE = 3
TOWNS_OF_AN_OFFICIAL = 5
CHIEF = "chief"

APP = ProcessApp(
    name="soak",
    title="Soak",
    folder=Path(__file__).parent / "soak",
    process=PROCESS,
    number="S-{region}-{year}-{seq:07}",
    summary=Summary(title='="Application for " + string(amount)', subject="=remark"),
    fields={"amount": "number"},
    roles={world.CLERK: "Clerk", world.MANAGER: "Manager"},
    starters={PROCESS: (world.CLERK, world.MANAGER)},
)


@APP.service("soak-register", job=True)
def register(data: Mapping[str, Any], headers: Mapping[str, str], key: str) -> dict[str, Any]:
    """This will answer as a register elsewhere does, at once."""
    return {"registered": key}


def login(number: int) -> str:
    """This will return the login of an official."""
    return f"official{number:02}"


def people(count: int) -> list[dict[str, Any]]:
    """This will describe officials who do all steps, each in towns of their own."""
    return [
        {
            "login": login(number),
            "name": f"Official {number}",
            "roles": [
                (role, world.town((number * TOWNS_OF_AN_OFFICIAL + each) % world.TOWNS))
                for each in range(TOWNS_OF_AN_OFFICIAL)
                for role in (world.CLERK, world.MANAGER)
            ],
        }
        for number in range(count)
    ]
