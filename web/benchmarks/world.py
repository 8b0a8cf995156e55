"""The little world that benchmarks run in: one county with its towns, clerks, managers, and a process for them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import Actor, Engine, Person, ProcessApp, Summary, Task
from web.benchmarks import databases

TOWNS = 50
QUEUES_OF_AN_OFFICIAL = 10
COUNTY = "county"
CLERK, MANAGER = "clerk", "manager"
SENT: dict[str, Any] = {"remark": "Seen, and found to be in order.", "amount": 5000}
BENCH, REWORK = "bench", "rework"

APP = ProcessApp(
    name="bench",
    title="Benchmark",
    folder=Path(__file__).parent / "bench",
    process=BENCH,
    number="B-{region}-{year}-{seq:07}",
    summary=Summary(title='="Application for " + string(amount)', subject="=remark"),
    fields={"amount": "number"},
    roles={CLERK: "Clerk", MANAGER: "Manager"},
    starters={BENCH: ("*",), REWORK: ("*",)},
)


def town(number: int) -> str:
    """This will return the code of a town."""
    return f"town{number:03}"


UNITS = [
    {"code": COUNTY, "name": "County", "kind": "county", "region": "420101"},
    *(
        {
            "code": town(number),
            "name": f"Town {number}",
            "kind": "town",
            "parent": COUNTY,
            "region": f"420101{number:03}",
        }
        for number in range(TOWNS)
    ),
]
PERSONS: list[dict[str, Any]] = [
    {"login": "chief", "name": "Chief", "roles": [("supervisor", COUNTY)]},
    # one who may do everything everywhere, and one with as many queues as an official has
    {"login": "worker", "name": "Worker",
     "roles": [(role, town(number)) for number in range(TOWNS) for role in (CLERK, MANAGER)]},
    {"login": "official", "name": "Official",
     "roles": [(CLERK, town(number)) for number in range(QUEUES_OF_AN_OFFICIAL)]},
]  # fmt: skip


@contextmanager
def opened(url: str, *apps: ProcessApp, kind: type[Engine] = Engine) -> Iterator[Engine]:
    """This will open an engine on a benchmark's database; what is attached to cases lies in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        engine = kind(url, apps=apps or (APP,), files=Path(folder))
        try:
            yield engine
        finally:
            engine.close()


@contextmanager
def made(url: str | None, *apps: ProcessApp, kind: type[Engine] = Engine) -> Iterator[tuple[str, Engine]]:
    """This will make a database beside `url` with tables, people and `apps` (APP), and drop it at the end."""
    with databases.temporary(url) as own, opened(own, *apps, kind=kind) as engine:
        engine.migrate()
        engine.load_people(UNITS, PERSONS)
        for app in apps or (APP,):
            engine.deploy_app(app)
        yield own, engine


def actor(engine: Engine, login: str) -> Actor:
    """This will return one of the persons, as they act."""
    return engine.actor(
        engine.read(lambda session: session.scalars(select(Person.id).where(Person.login == login)).one())
    )


def open_tasks(session: Session, cases: Sequence[UUID]) -> list[UUID]:
    """This will return the open tasks of some cases."""
    found = select(Task.id).where(Task.case_id.in_(cases), Task.state == "open").order_by(Task.case_id, Task.token)
    return list(session.scalars(found))
