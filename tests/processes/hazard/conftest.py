"""The hazard app on real databases, with the officials of two counties."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import ZONE, Actor, Case, Engine, Person, Task, feel, queries
from processes.hazard import app, demo

FOODS = "91441702MA0000023T"  # in 埠场镇, 江城区
TOWN = "441702102"


HANDLERS = {
    "verify": "jianguan1", "confirm_grade": "kezhang1", "fix_on_spot": "jianguan1", "order": "jianguan1",
    "countersign_order": "jianguan2", "plan": "qiye2", "inspector": "jianguan2", "expert": "zhuanjia1",
    "decide_plan": "kezhang1", "propose_listing": "anwei1", "approve_listing": "fenguan1", "rectify": "anquan2",
    "accept": "jianguan2", "close": "kezhang1", "delist": "anwei1",
}  # fmt: skip
MAIN = {
    "verify": "属实", "confirm_grade": "确认", "fix_on_spot": "已整改", "countersign_order": "签名",
    "review_plan": "可行", "decide_plan": "同意", "approve_listing": "同意", "accept": "合格", "close": "核销",
}  # fmt: skip


def _papers(today: str, limit: str) -> dict[str, dict[str, Any]]:
    item = {"事项": "除尘管道积粉未清理", "依据": "粉尘防爆安全规定", "整改要求": "停产清扫并每班记录", "限期": limit}
    return {
        "verify": {
            "检查日期": today,
            "核实情况": "到场核实属实",
            "需要停产": "否",
            "受威胁人数": 3,
            "整改建议": "清扫",
        },
        "confirm_grade": {"等级": "一般", "风险等级": "黄", "责任部门": "应急管理局"},
        "fix_on_spot": {"当场整改情况": "已当场清扫干净", "整改完成日期": today},
        "order": {"整改事项": [item], "整改期限": limit, "执法人员一": "甲（00001）"},
        "countersign_order": {"整改事项": [{}], "执法人员二": "乙（00002）"},
        "plan": {
            "治理目标": "达到标准",
            "治理机构": "安全管理机构",
            "整改措施": "改造除尘系统",
            "整改事项": [{**item, "责任人": "安全员"}, {**item, "事项": "安装泄爆装置", "责任人": "安全员"}],
            "整改资金": "12.50",
            "资金来源": "安全生产费用",
            "整改期限": limit,
            "整改责任人": "甲某",
            "责任人职务": "副经理",
            "责任人电话": "0662-3300000",
            "应急预案": "停产撤人，专人监护",
        },
        "review_plan": {"审查意见": "内容完整"},
        "decide_plan": {"方案意见": "同意实施"},
        "propose_listing": {
            "拟挂牌级别": "县级",
            "督办期限": limit,
            "督办单位": "应急管理局",
            "督办责任人": "科长",
            "提请意见": "建议挂牌",
            "提请理由": "危害较大",
        },
        "approve_listing": {"挂牌文号": "江安委督〔2026〕1号", "挂牌意见": "同意挂牌"},
        "rectify": {"整改事项": [DONE], "整改完成日期": today, "整改说明": "已全部完成"},
        "accept": {"整改事项": [PASSED], "验收日期": today, "复查人员二": "甲（00001）", "验收意见": "整改到位"},
        "close": {"核销依据": "验收合格"},
        "delist": {"摘牌文号": "江安委督解〔2026〕1号", "摘牌日期": today},
    }


DONE = {"完成情况": "已完成", "完成说明": "已清扫"}
PASSED = {"复查结论": "合格"}


class Office:
    """Everybody by login (`office.act("jianguan1")`), and what one does with a case."""

    def __init__(self, engine: Engine, clock: Any) -> None:
        self.engine, self.clock = engine, clock
        self._actors: dict[str, Actor] = {}

    @property
    def today(self) -> date:
        """The day of the clock in China."""
        day: date = self.clock.now.astimezone(ZONE).date()
        return day

    def actor(self, login: str) -> Actor:
        """Somebody as they act."""
        if login not in self._actors:
            found = self.engine.read(lambda session: session.scalar(select(Person.id).where(Person.login == login)))
            assert found is not None, login
            self._actors[login] = self.engine.actor(found)
        return self._actors[login]

    def register(self, login: str = "wangge1", **changed: Any) -> Case:
        """Registers a hazard of a food factory."""
        data = {
            "企业编码": FOODS,
            "单位名称": "乙丑食品有限公司",
            "行业": "粉尘涉爆",
            "所在区划": TOWN,
            "隐患部位": "糖粉车间",
            "隐患描述": "糖粉车间除尘管道积粉未清理",
            "隐患类别": "2-02",
            "隐患来源": "网格巡查",
            "发现日期": self.today.isoformat(),
        }
        return self.engine.start_case("hazard", {**data, **changed}, by=self.actor(login))

    def paper(self, element: str) -> dict[str, Any]:
        """What a careful official writes at an element, in the days of the clock."""
        today = self.today.isoformat()
        limit = (self.today + timedelta(days=20)).isoformat()
        return dict(_papers(today, limit)[element])

    def go(self, case: Case, *steps: str) -> None:
        """Lets the right people take steps with good papers: `element`, `element=outcome`, `review_plan@expert`."""
        for step in steps:
            place, _, outcome = step.partition("=")
            element, _, role = place.partition("@")
            login = HANDLERS[role or element]
            self.do(case, element, login, self.paper(element), outcome or MAIN.get(element), role)

    def open_tasks(self, case: Case | UUID) -> list[Task]:
        """What waits for people in a case."""
        id = case if isinstance(case, UUID) else case.id
        wanted = select(Task).where(Task.case_id == id, Task.state == "open").order_by(Task.token)
        return self.engine.read(lambda session: list(session.scalars(wanted)))

    def task(self, case: Case, element: str, role: str = "") -> Task:
        """The open task at an element; there must be one."""
        found = [task for task in self.open_tasks(case) if task.element == element and role in ("", task.role)]
        assert found, [task.element for task in self.open_tasks(case)]
        return found[0]

    def do(self, case: Case, element: str, login: str, data: Any, outcome: str | None = None, role: str = "") -> Case:
        """Somebody does the open task at an element."""
        task = self.task(case, element, role)
        return self.engine.complete_task(task.id, by=self.actor(login), data=data, outcome=outcome)

    def data(self, case: Case) -> dict[str, Any]:
        """The document of a case."""
        wanted = select(Case.data).where(Case.id == case.id)
        found: dict[str, Any] = feel.loads(self.engine.read(lambda session: session.scalar(wanted)) or "{}")
        return found

    def incidents(self, case: Case) -> list[str]:
        """What stands still in a case, and why."""
        view = self.engine.read(queries.case, self.actor("yunwei1"), case.id)
        return [incident.reason for incident in view.incidents]


def _staff(engine: Engine) -> None:
    """The officials of both counties and three enterprises."""
    few = [row for row in demo.rows("accounts.csv") if not row["login"].rstrip("123").endswith(tuple("0456789"))]
    engine.load_people(list(demo.rows("units.csv")), [demo.person(row, "") for row in few])


@pytest.fixture(scope="session")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the hazard app in force and its people, to copy."""
    file = tmp_path_factory.mktemp("hazard") / "prepared.sqlite"
    shutil.copy(sqlite_template, file)
    engine = Engine(f"sqlite:///{file}", apps=[app], files=file.parent / "files")
    engine.deploy_app(app)
    _staff(engine)
    with engine.database.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.close()
    return file


@pytest.fixture
def engine(prepared: Path, tmp_path: Path, clock: Any) -> Iterator[Engine]:
    """An engine with the hazard app and its people, but no case; `test_databases` walks on PostgreSQL too."""
    file = shutil.copy(prepared, tmp_path / "hazard.sqlite")
    made = Engine(f"sqlite:///{file}", apps=[app], files=tmp_path / "files", clock=clock)
    yield made
    made.close()


@pytest.fixture
def office(engine: Engine, clock: Any) -> Office:
    return Office(engine, clock)


@pytest.fixture
def any_office(make_engine: Callable[..., Engine], clock: Any) -> Office:
    """The office on SQLite and on PostgreSQL."""
    engine = make_engine([app])
    _staff(engine)
    return Office(engine, clock)
