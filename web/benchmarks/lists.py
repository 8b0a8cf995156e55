"""How fast an inbox and a board come, as the engine reads them and as pages, and how much of that is the database's."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine import Actor, Engine, queries
from web import create_app
from web.benchmarks import clients, copies, floor, meters, plans, report, world
from web.benchmarks.copies import Show
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Line
from web.config import Settings

PAGE = 50
NOBODYS = "a step that nobody has"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
Question = Callable[[], object]
Asked = tuple[str, str, Callable[[Engine, Actor], Question]]  # the name of a line, who asks, what makes the question


class NoPage(Exception):
    """The page was answered with {status}."""


def inbox(**asked: Any) -> Callable[[Engine, Actor], Question]:
    """This will read the first page of an inbox with its count."""
    return lambda engine, actor: lambda: engine.read(queries.inbox, actor, limit=PAGE, **asked)


def counts(engine: Engine, actor: Actor) -> Question:
    """This will count what waits in every queue."""
    return lambda: engine.read(queries.inbox_counts, actor)


def board(engine: Engine, actor: Actor) -> Question:
    """This will count what is overdue, by unit and step."""
    return lambda: engine.read(queries.board, actor)


def web_page(path: str) -> Callable[[Engine, Actor], Question]:
    """This will open a page as a browser does in which the person has signed in. Raises NoPage."""

    def signed_in(engine: Engine, actor: Actor) -> Question:
        address = engine.database.url.render_as_string(hide_password=False)
        files = Path(tempfile.gettempdir())  # nothing is uploaded
        settings = Settings(secrets.token_hex(32), database_url=address, files=files, https=False)
        browser, password = create_app(settings, engine).test_client(), secrets.token_hex(16)
        engine.set_password(actor.login, password)
        page = browser.get("/sign-in").get_data(as_text=True)
        token = TOKEN.search(page)
        form = {"csrf_token": token[1] if token else "", "login": actor.login, "password": password}
        browser.post("/sign-in", data=form)

        def opened() -> None:
            answer = browser.get(path)
            if answer.status_code != 200:
                raise NoPage(answer.status)

        return opened

    return signed_in


INBOX: Sequence[Asked] = (
    ("inbox page", "official", inbox()),
    ("queue counts", "official", counts),
    ("inbox web page", "official", web_page("/inbox")),
    ("newest first", "official", inbox(sort="new")),
    ("important first", "official", inbox(sort="priority")),
    ("urged first", "official", inbox(sort="urged")),
    (NOBODYS, "official", inbox(step=NOBODYS)),
)
BOARD: Sequence[Asked] = (("board", "chief", board), ("board web page", "chief", web_page("/supervise/")))


def measure(
    url: str | None,
    questions: Sequence[Asked],
    *,
    seconds: float,
    open_tasks: int,
    show: Show | None = None,
) -> list[Line]:
    """This will ask each question for so many seconds while `open_tasks` are open."""
    with world.made(url) as (_own, engine):
        copies.crowd(engine, open_tasks, show)
        beside = floor.measure(engine, min(seconds, 2.0))
        lines = []
        for name, login, make in questions:
            question = make(engine, world.actor(engine, login))
            found = report.line(name, [clients.alone(engine, ask, seconds, question)])
            with meters.traffic(engine.database) as seen:
                question()
            found.statements, found.round_trips = seen.statements, seen.round_trips
            found.notes["open"] = open_tasks
            if engine.database.dialect.name == "postgresql":
                cost = plans.cost(engine.database, question)
                found.notes |= {"in_database_ms": round(cost.milliseconds, 2), "blocks": cost.blocks}
            lines.append(found)
        return report.compare(lines, beside)


def ask(engine: Engine, watch: Stopwatch, question: Question) -> Iterator[None]:
    """This will ask one question again and again."""
    for _ in range(6):  # what is prepared is planned for good by then
        question()
    yield
    while not watch.is_over or not watch.samples:
        watch.time(question)
