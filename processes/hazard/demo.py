"""The demo world: real divisions, made-up units, accounts and enterprises, and the published hazards on their way.

All of it happens through the engine on a virtual clock over the past months; nothing is written beside it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import Actor, AlreadyImported, Engine, Job, Limit, Refused, Task, Term, access, calendars, queries

from . import demo_script
from .demo_script import Route
from .importing import convert, key
from .roles import ROLES

DATA = Path(__file__).parent / "data"
ZONE = ZoneInfo("Asia/Shanghai")
COUNTIES = ("441702", "441704")
NETWORK = {"网格巡查": "wangge", "乡镇检查": "zhenan", "群众举报": "rexian", "上级交办": "rexian"}
SECOND_OFFICER = ("countersign_order", "accept", "review_plan")
LOGINS = {"section_chief": "kezhang", "expert": "zhuanjia", "sac_office": "anwei", "sac_leader": "fenguan"}
MAY_BE_SKIPPED = ("propose_listing", "approve_listing", "delist", "countersign_order", "rectify")
PLACES = {"441702": (21.858, 111.955), "441704": (21.868, 112.006)}

EXTENDED = "专用设备到货延迟，企业书面申请延期"
STOPPED = "委托第三方检测鉴定，鉴定所需时间不计入期限"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody who can sign in to the demo."""

    login: str
    name: str
    role: str
    unit: str


@dataclass(slots=True)
class Hazard:
    """A record of the data on its way: where it is, which way it goes and which case it became."""

    position: int
    record: Mapping[str, str]
    enterprise: Mapping[str, str]
    route: Route
    begins: date
    case_id: UUID | None = None
    actors: dict[str, Actor] = field(default_factory=dict)

    @property
    def county(self) -> str:
        """This will return the code of the county that the hazard lies in."""
        return self.enterprise["区划"][:6]


def load_demo(engine: Engine, *, progress: Progress | None = None, password: str = "") -> list[DemoAccount]:
    """This will load units, accounts and cases that are not there yet, and return one or two accounts of each role.

    `progress` is told steps done, steps in all, and what is being done. Without a password nobody can sign in.
    Deterministic for one day; the last step of every case lies before now.
    """
    accounts = list(rows("accounts.csv"))
    units, persons = people(password)
    engine.load_people(units, persons)
    clock, real = _Clock(), engine.clock
    found = list(hazards(real().astimezone(ZONE).date()))
    events = sorted(
        (at, hazard.position, number) for hazard in found for number, at in enumerate(_times(hazard, real()))
    )
    world = _World(engine, {account["login"]: account for account in accounts})
    by_position = {hazard.position: hazard for hazard in found}
    try:
        engine.clock = clock
        for done, (at, position, number) in enumerate(events, 1):
            world.let_pass(clock, at)
            world.act(by_position[position], number, at.astimezone(ZONE).date())
            if progress is not None:
                progress(done, len(events), "办理隐患")
        world.let_pass(clock, real() - timedelta(hours=1))
        if any(hazard.case_id is not None for hazard in found):
            world.decide()
        world.let_pass(clock, real())
    finally:
        engine.clock = real
    return list(_shown(accounts, {unit["code"]: unit["name"] for unit in units}))


class _Clock:
    """A clock that stands where it is set."""

    def __init__(self) -> None:
        self.at = datetime(2000, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True)
class _World:
    """The people of the demo at work."""

    engine: Engine
    accounts: Mapping[str, Mapping[str, str]]
    actors: dict[str, Actor] = field(default_factory=dict)

    def let_pass(self, clock: _Clock, until: datetime) -> None:
        """This will move the clock and climb the ladders of limits on the way, each rung when it is due."""
        while (due_at := self.engine.read(_next_due)) is not None and due_at <= until:
            clock.at = max(clock.at, due_at)
            if not self.engine.run_due_jobs():
                break
        clock.at = until

    def act(self, hazard: Hazard, number: int, day: date) -> None:
        """This will register a hazard (number 0) or take the next step of its way."""
        if number == 0:
            self.register(hazard, day)
        elif hazard.case_id is not None:
            self.step(hazard, hazard.route.steps[number - 1], day)

    def decide(self) -> None:
        """This will extend the rectification that has most time left, and stop the clock of the next two."""
        decided = 0
        for limit in self.engine.read(_rectifications):
            by = self.actor(f"kezhang{COUNTIES.index(limit.region[:6]) + 1 if limit.region[:6] in COUNTIES else 3}")
            try:
                if decided == 0:
                    ten = Term.read("10 workdays")
                    self.engine.extend_limit(limit.id, ten, by=by, reason=EXTENDED, decision="延期〔2026〕1号")
                else:
                    self.engine.pause_limit(limit.id, by=by, ground=STOPPED, approver="分管负责人")
            except Refused:
                continue
            decided += 1
            if decided == 3:
                return

    def register(self, hazard: Hazard, day: date) -> None:
        """This will start a case as a grid worker, an officer or the enterprise itself."""
        record, enterprise = hazard.record, hazard.enterprise
        given = convert({"隐患来源": record["channel"], "行业": record["industry"]}, day)
        latitude, longitude = PLACES[hazard.county]
        shift = hazard.position * 0.0021
        data = {
            **given,
            "企业编码": enterprise["code"],
            "单位名称": enterprise["title"],
            "所在区划": enterprise["区划"],
            "隐患描述": record["description"],
            "隐患类别": record["category_code"],
            "发现日期": day.isoformat(),
            "位置": {"lat": round(latitude + shift, 6), "lng": round(longitude - shift, 6)},
            "存在紧急危险": record["stop_production"] == "全部" and record["deadline_days"] in ("3", "7"),
            "现场已采取措施": "已停止使用，撤出人员，设置警示标志",
            "整改建议": record["measure"],
        }
        by = self.actor(self.reporter(hazard, given["隐患来源"]))
        try:
            hazard.case_id = self.engine.start_case(
                "hazard", data, by=by, unit_code=enterprise["区划"], origin=f"hazard:demo:{key({'编号': record['id']})}"
            ).id
        except AlreadyImported:
            hazard.case_id = None  # loaded by an earlier call: what people did with it since then stays

    def step(self, hazard: Hazard, planned: str, day: date) -> None:
        """This will let somebody do the planned step; where the tables sent the case another way, the open one."""
        element, _, choice = planned.partition(":")
        tasks = self.engine.read(_open_tasks, hazard.case_id)
        task = next((task for task in tasks if task.element == element and choice in ("", task.role)), None)
        task = task or next((task for task in tasks if task.element == element), None)
        if task is None:
            if element in MAY_BE_SKIPPED or not tasks:
                return
            task = tasks[0]
            planned = f"{task.element}:{task.role}" if task.element == "review_plan" else task.element
        data, outcome = demo_script.write(planned, hazard.record, day, hazard.position)
        by = self.actor(self.handler(hazard, task.element, task.role, task.unit_name))
        self.engine.complete_task(task.id, by=by, data=data, outcome=outcome)

    def reporter(self, hazard: Hazard, source: str) -> str:
        """This will return the login of whoever registers a hazard."""
        county = COUNTIES.index(hazard.county)
        if source == "企业自查":
            return self.login("ent_safety", hazard.enterprise["code"])
        if source in NETWORK:
            return f"{NETWORK[source]}{county + 1 if NETWORK[source] != 'rexian' else 1}"
        return f"jianguan{county * 2 + 1}"

    def handler(self, hazard: Hazard, element: str, role: str, unit_name: str) -> str:
        """This will return the login of whoever does a task: the second officer where the first one may not."""
        county = COUNTIES.index(hazard.county)
        if role == "inspector":
            return f"jianguan{county * 2 + (2 if element in SECOND_OFFICER else 1)}"
        if role in ("ent_head", "ent_safety"):
            return self.login(role, hazard.enterprise["code"])
        number = 3 if unit_name.startswith("阳江市") else county + 1
        return f"{LOGINS[role]}{number}"

    def login(self, role: str, unit: str) -> str:
        """This will return who holds a role in a unit."""
        return next(login for login, account in self.accounts.items() if f"{role}@{unit}" in account["roles"].split())

    def actor(self, login: str) -> Actor:
        """This will return a person of the demo as somebody who acts."""
        if login not in self.actors:
            ids = {person.login: person.id for person in self.engine.read(queries.accounts)}
            self.actors[login] = self.engine.actor(ids[login])
        return self.actors[login]


def _next_due(session: Session) -> datetime | None:
    """When the next job of a running case is due."""
    waiting = select(func.min(Job.due_at)).where(Job.state == "waiting", Job.kind != "external")
    return session.scalar(waiting)


def _rectifications(session: Session) -> list[Limit]:
    """The limits of rectification that run, the one with most time left first."""
    running = select(Limit).where(Limit.code == "rectification", Limit.state == "running")
    now = session.info["now"]
    return list(session.scalars(running.where(Limit.due_at > now).order_by(Limit.due_at.desc(), Limit.started_at)))


def _open_tasks(session: Session, case_id: UUID | None) -> list[Task]:
    waiting = select(Task).where(Task.case_id == case_id, Task.state == "open").order_by(Task.token)
    return list(session.scalars(waiting))


def hazards(today: date) -> Iterator[Hazard]:
    """This will yield the records of the data, each with an enterprise and the way that it goes until `today`."""
    enterprises = defaultdict(list)
    for row in rows("enterprises.csv"):
        enterprises[row["行业"]].append(row)
    everyone = [row for rows in enterprises.values() for row in rows]
    taken: dict[int, int] = {}
    in_force = {row["code"]: row["effective_from"] for row in rows("criteria.csv")}
    for position, row in enumerate(rows("hazards.csv")):
        record = {**row, "criterion_from": in_force.get(row["criterion_code"], "")}
        industry = record["industry"].partition("（")[0]
        enterprise = _best(record, enterprises.get(industry) or everyone)
        route = demo_script.choose(record, taken)
        gaps = sum(demo_script.GAPS[step.partition(":")[0]] for step in route.steps)
        begins = calendars.SHIPPED.workdays(today, -(gaps + route.age))
        yield Hazard(position, record, enterprise, route, begins)


def _best(record: Mapping[str, str], enterprises: list[dict[str, str]]) -> dict[str, str]:
    """The enterprise whose name and trade share most characters with a record, so that each has fitting hazards."""
    said = set(record["unit_type"] + record["industry"])
    return max(enterprises, key=lambda enterprise: len(said & set(enterprise["title"] + enterprise["经营范围"])))


def _times(hazard: Hazard, now: datetime) -> Iterator[datetime]:
    """The moments of a hazard's steps, in office hours, none of them after now."""
    day, minute = hazard.begins, hazard.position * 7 % 50
    for number, step in enumerate(["", *hazard.route.steps]):
        gap = demo_script.GAPS[step.partition(":")[0]] if step else 0
        hour = 9 if gap else min(9 + number, 17)
        day = calendars.SHIPPED.workdays(day, gap)
        yield min(datetime.combine(day, time(hour, minute), ZONE), now - timedelta(minutes=90 - number)).astimezone(UTC)


def rows(name: str) -> Iterator[dict[str, str]]:
    """This will yield the rows of a file of the demo's data."""
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def people(password: str = "") -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """This will return units and accounts of the demo as the engine loads them."""
    return list(rows("units.csv")), [person(account, password) for account in rows("accounts.csv")]


def person(account: Mapping[str, str], password: str) -> dict[str, Any]:
    """This will return an account as the engine loads it; without a password nobody can sign in with it."""
    return {
        "login": account["login"],
        "name": account["name"],
        "post": account["post"],
        "password": password or None,
        "is_admin": account["admin"] == "1",
        "roles": [tuple(held.split("@")) for held in account["roles"].split()],
    }


def _shown(accounts: list[dict[str, str]], units: Mapping[str, str]) -> Iterator[DemoAccount]:
    titles = {**ROLES, access.DESIGNER: "流程设计员"}
    for account in accounts:
        number = account["login"].lstrip("abcdefghijklmnopqrstuvwxyz")
        if account["login"].startswith(("qiye", "anquan")) and number != "1":
            continue
        role, _, unit = (account["roles"].split() or ["@"])[0].partition("@")
        yield DemoAccount(account["login"], account["name"], titles.get(role, "运维"), units.get(unit, ""))
