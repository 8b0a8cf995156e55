"""Two tiny process apps: `repair`, a whole little procedure, and `machines`, one diagram for each mechanism."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import Engine, ProcessApp, ServiceError, Summary

APPS = Path(__file__).parent.parent / "apps"


@pytest.fixture
def repair() -> ProcessApp:
    """Alice reports, bob fixes, somebody else of his office accepts."""
    return ProcessApp(
        name="repair",
        title="报修",
        folder=APPS / "repair",
        process="repair",
        number="BX-{region}-{year}-{seq:03}",
        summary=Summary(
            title='="报修：" + 地点',
            subject="=地点",
            badge='=if 估价 != null and 估价 > 1000 then "大修" else "小修"',
            tone='=if 估价 != null and 估价 > 1000 then "red" else ""',
        ),
        fields={"地点": "text", "估价": "number"},
        roles={"clerk": "报修人", "officer": "维修员", "leader": "领导"},
        starters={"repair": ("clerk",)},
    )


class Post:
    """What the service `mail` was asked to send, and how it answers."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.problem: Exception | None = None

    def send(self, data: dict[str, Any], headers: Any, key: str) -> dict[str, Any]:
        """This will note the letter, or fail as the test wants."""
        self.keys.append(key)
        if self.problem is not None:
            raise self.problem
        return {"sent_to": headers["to"]}


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def machines(post: Post) -> ProcessApp:
    """One diagram for each mechanism; everybody may start them."""
    processes = [path.stem for path in (APPS / "machines").glob("*.bpmn")]
    app = ProcessApp(
        name="machines",
        title="机关",
        folder=APPS / "machines",
        process="parallel",
        roles={"officer": "维修员", "ghost": "无人担任"},
        starters=dict.fromkeys(processes, ("*",)),
    )

    @app.service("double")
    def double(data: dict[str, Any], headers: Any) -> dict[str, Any]:
        return {"doubled": data["number"] * 2}

    app.service("mail", job=True)(post.send)
    return app


@pytest.fixture
def refusal() -> ServiceError:
    return ServiceError("REFUSED", "the address is unknown")


@pytest.fixture
def engine(make_engine: Any, repair: ProcessApp, machines: ProcessApp) -> Engine:
    """An engine with both apps deployed and the cast loaded."""
    made: Engine = make_engine([repair, machines])
    return made


@pytest.fixture
def verbs(post: Post) -> ProcessApp:
    """What handlers do with tasks beside finishing them: one diagram for each kind of place where a task may stand."""
    processes = [path.stem for path in (APPS / "verbs").glob("*.bpmn")]
    app = ProcessApp(
        name="verbs",
        title="办理",
        folder=APPS / "verbs",
        process="timed",
        roles={"officer": "维修员", "clerk": "报修人", "leader": "领导"},
        starters=dict.fromkeys(processes, ("*",)),
    )

    @app.service("stamp")
    def stamp(data: dict[str, Any], headers: Any) -> dict[str, Any]:
        return {"stamped": True}

    app.service("post", job=True)(lambda data, headers, key: {"posted": post.keys.append(key)})
    return app


@pytest.fixture
def desk(make_engine: Any, repair: ProcessApp, verbs: ProcessApp) -> Engine:
    """An engine where officers work on tasks of all kinds; bob and bella share an office, diana leads the city."""
    made: Engine = make_engine([repair, verbs])
    return made
