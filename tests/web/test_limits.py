"""Limits on the pages and in the API: why a limit ends on its day, who may stop, resume and extend it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy
from openpyxl import load_workbook
from sqlalchemy.engine import make_url

from engine import SYSTEM, Engine, ProcessApp, calendars, queries, reckoning
from tests.conftest import fold
from web import limits, wording
from web.config import Settings

from .conftest import PASSWORD, PERSONS, UNITS, Browser

Visit = Callable[[str], Browser]
ORDERS = ProcessApp(
    name="orders",
    title="责令整改",
    folder=Path(__file__).parent.parent / "apps" / "limits",
    process="order",
    roles={"officer": "执法人员", "leader": "领导"},
    starters={"order": ("*",)},
)
MORE: list[dict[str, Any]] = [
    {"login": "odo", "name": "庚", "roles": [("officer", "town")]},
    {"login": "lea", "name": "辛", "roles": [("leader", "town")]},
]


@pytest.fixture(scope="session")
def orders_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the app of the orders in force and its people, to copy."""
    file = tmp_path_factory.mktemp("orders") / "orders.sqlite"
    shutil.copy(sqlite_template, file)
    engine = Engine(f"sqlite:///{file}", apps=[ORDERS], files=file.parent / "files")
    engine.load_people(UNITS, [{"password": PASSWORD, **person} for person in [*PERSONS, *MORE]])
    engine.deploy_app(ORDERS, by=SYSTEM)
    fold(engine)
    engine.close()
    return file


@pytest.fixture
def engine(settings: Settings, orders_house: Path) -> Iterator[Engine]:
    shutil.copy(orders_house, str(make_url(settings.database_url).database))
    settings.files.mkdir(exist_ok=True)
    engine = Engine(settings.database_url, apps=[ORDERS], files=settings.files)
    yield engine
    engine.close()


class Desk:
    """A case whose rectification runs."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        odo = engine.actor(next(row.id for row in engine.read(queries.people, SYSTEM) if row.login == "odo"))
        self.case = engine.start_case("order", {}, by=odo)
        task = next(task for task in engine.read(queries.inbox, odo) if task.case_id == self.case.id)
        engine.complete_task(task.id, by=odo, data={})

    def limit(self, code: str = "rectification") -> Any:
        views = self.engine.read(queries.limits_of_case, SYSTEM, self.case.id)
        return next(view.limit for view in views if view.limit.code == code)

    @property
    def address(self) -> str:
        return f"/limits/{self.limit().id}"


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def text(answer: Any) -> str:
    page: str = answer.get_data(as_text=True)
    return page


STOP = {"ground": "不可抗力（行政强制法第三十九条）", "approver": "壬"}


def test_the_file_of_a_case_tells_why_a_limit_ends_on_its_day(visit: Visit, desk: Desk) -> None:
    page = text(visit("lea").get(f"/cases/{desk.case.id}"))
    for words in ("责令限期整改指令书", "剩 10 个工作日", "为什么是这一天", "当日不计入", "周末", "中止计时"):
        assert words in page
    assert "not count" not in page
    english = visit("lea")
    english.post("/language", locale="en", next="/inbox")
    told = text(english.get(f"/cases/{desk.case.id}"))
    assert "that day does not count" in told
    assert "10 working days later" in told


def test_only_who_decides_is_offered_to_stop_a_limit(visit: Visit, desk: Desk) -> None:
    odo = visit("odo")
    assert "中止计时" not in text(odo.get(f"/cases/{desk.case.id}"))
    answer = odo.post(f"{desk.address}/pause", **STOP)
    assert answer.status_code == 422
    assert "领导" in text(answer)
    assert desk.limit().state == "running"
    assert visit("mallory").get(desk.address).status_code == 403
    assert visit("mallory").post(f"{desk.address}/pause", **STOP).status_code == 403


def test_a_clock_stopped_with_evidence_goes_on_and_is_extended(visit: Visit, desk: Desk) -> None:
    lea = visit("lea")
    assert "剩余" in text(lea.get(f"{desk.address}/pause"))
    file = (io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "批准书.pdf")
    assert lea.post(f"{desk.address}/pause", **STOP, evidence=file).status_code == 303
    page = text(lea.get(f"/cases/{desk.case.id}"))
    for words in ("已中止，余 10 个工作日", "limit-paused", "批准人：壬", "佐证 1", "恢复计时"):
        assert words in page
    assert "批准书.pdf" in page
    assert "届时到期日为" in text(lea.get(f"{desk.address}/resume"))
    assert lea.post(f"{desk.address}/resume", note="设备已到货").status_code == 303
    before = desk.limit().due_at
    asked = {"by": "term", "amount": "20", "unit": "days", "reason": "设备未到货", "decision": "延〔2026〕1号"}
    foreseen = text(lea.post(f"{desk.address}/extend", **asked))
    assert desk.limit().due_at == before
    seen = foreseen.split('name="seen" value="')[1].split('"')[0]
    assert lea.post(f"{desk.address}/extend", **asked, seen=seen).status_code == 303
    assert desk.limit().due_at > before
    page = text(lea.get(desk.address))
    for words in ("延长 20 日", "决定文号 延〔2026〕1号", "批准人：壬", "设备已到货"):
        assert words in page


def test_refusals_are_told_beside_what_was_typed(visit: Visit, desk: Desk) -> None:
    lea = visit("lea")
    answer = lea.post(f"{desk.address}/pause", ground="停电", approver=" ")
    assert answer.status_code == 422
    assert "停电" in text(answer)
    answer = lea.post(f"{desk.address}/extend", by="term", amount="", unit="days", reason="晚")
    assert (answer.status_code, "延长多久" in text(answer)) == (422, True)
    answer = lea.post(f"{desk.address}/extend", by="day", last="2020-01-01", reason="晚")
    assert answer.status_code == 422
    assert "晚" in text(answer)


def test_the_ledger_lists_what_one_oversees_and_is_a_spreadsheet(visit: Visit, desk: Desk) -> None:
    root = visit("root")
    page = text(root.get("/limits/"))
    assert desk.case.number in page
    assert "验收时限" not in text(root.get("/limits/?code=rectification")).split("<tbody>")[1]
    assert desk.case.number not in text(root.get("/limits/?state=paused"))
    assert "核实时限" in text(root.get("/limits/?state=met")).split("<tbody>")[1]
    book = load_workbook(io.BytesIO(root.get("/limits/ledger.xlsx?code=rectification").get_data()))
    rows = list(book.active.iter_rows(values_only=True))
    assert rows[0][:4] == ("编号", "案件", "单位", "时限")
    assert rows[1][3:5] == ("整改时限", "责令限期整改指令书")
    assert desk.case.number not in text(visit("mallory").get("/limits/"))


def test_a_spreadsheet_that_is_cut_says_so(
    visit: Visit, desk: Desk, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows() -> list[Any]:
        book = load_workbook(io.BytesIO(visit("root").get("/limits/ledger.xlsx?state=running").get_data()))
        return list(book.active.iter_rows(values_only=True))

    others = [Desk(engine) for _number in range(2)]
    whole = rows()
    assert [row[0] for row in whole[1:]].count(desk.case.number) == 1
    assert len(whole) == 1 + 1 + len(others)
    monkeypatch.setattr(limits, "MOST_EXPORTED", 2)
    monkeypatch.setattr(limits, "AT_ONCE", 1)
    cut = rows()
    assert len(cut) == 1 + 2 + 1
    assert "仅列出前 2 条时限" in str(cut[-1][0])


def test_programs_read_the_reasons_and_stop_resume_and_extend(visit: Visit, desk: Desk) -> None:
    lea = visit("lea")
    (found,) = lea.get(f"/api/limits?case={desk.case.id}&code=rectification").get_json()["items"]
    address = f"/api/limits/{found['id']}"
    told = lea.get(address).get_json()
    assert told["may"] == ["extend", "pause"]
    assert told["basis"] == "责令限期整改指令书"
    assert "当日不计入" in told["explanation"][0]
    assert told["years"]
    assert lea.send("POST", f"{address}/pause", {"ground": "不可抗力"}).status_code == 422
    stopped = lea.send("POST", f"{address}/pause", STOP).get_json()
    assert (stopped["state"], stopped["due_at"], stopped["left"]) == ("paused", None, "10 个工作日")
    assert lea.send("POST", f"{address}/pause", STOP).status_code == 409
    assert lea.send("POST", f"{address}/resume", {}).get_json()["state"] == "running"
    before = desk.limit().due_at
    foreseen = lea.get(f"{address}/extension?term=20 days").get_json()
    assert desk.limit().due_at == before
    extended = lea.send("POST", f"{address}/extend", {"term": "20 days", "reason": "设备未到货"}).get_json()
    assert extended["due_at"] == foreseen["due_at"]
    assert [each["kind"] for each in extended["happened"]] == ["started", "paused", "resumed", "extended"]
    assert visit("odo").send("POST", f"{address}/resume", {}).status_code == 403
    assert visit("mallory").get(address).status_code == 403


def test_cases_are_found_by_the_state_of_their_limits(engine: Engine, desk: Desk) -> None:
    def found(**asked: Any) -> list[Any]:
        return [case.id for case in engine.read(queries.cases, SYSTEM, **asked)]

    assert found(limit_state="running", limit_code="rectification") == [desk.case.id]
    assert found(limit_state="exceeded") == found(limit_state="paused") == []
    assert found(limit_state="met", limit_code="check") == [desk.case.id]


def test_the_ledger_is_read_by_an_index_and_pages_go_on(engine: Engine, desk: Desk) -> None:
    other = Desk(engine)
    first = engine.read(queries.limits, SYSTEM, limit=1)
    rest = engine.read(queries.limits, SYSTEM, limit=1, after=first.next)
    assert {row.case_number for row in (*first, *rest)} == {desk.case.number, other.case.number}
    assert rest.next is None
    plan = engine.read(
        lambda session: session.execute(
            sqlalchemy.text(
                "EXPLAIN QUERY PLAN SELECT * FROM limits JOIN cases ON cases.id = limits.case_id"
                " WHERE limits.state = 'running' AND (limits.due_at, limits.id) > ('2026', x'00')"
                " ORDER BY limits.due_at, limits.id LIMIT 51"
            )
        ).all()
    )
    told = " ".join(row.detail for row in plan)
    assert "ix_limits_running" in told
    assert "TEMP B-TREE" not in told


class TestRules:
    """Designers and operators change the rules of limits as new versions."""

    def test_rules_are_listed_in_words(self, visit: Visit) -> None:
        page = text(visit("root").get("/studio/limits/"))
        for words in ("整改时限", "10 个工作日", "责令限期整改指令书", "到期前 5 个工作日：提醒承办人", "告知领导"):
            assert words in page
        assert visit("lea").get("/studio/limits/").status_code == 403
        assert visit("lea").post("/studio/limits/check", content="code: check").status_code == 403

    def test_experts_write_a_rule_as_text(self, visit: Visit, engine: Engine) -> None:
        root = visit("root")
        newest = engine.read(queries.limit_rule, SYSTEM, "check")[0]
        content = newest.content.replace("3 workdays", "5 workdays")
        tried = text(root.post("/studio/limits/check", content=content, day="2026-09-30", step="preview"))
        for words in ("2026-10-13", "10-01至10-07 国庆节", "按现行规则：2026-10-10", "期限：3 个工作日 → 5 个工作日"):
            assert words in tried
        faulty = root.post("/studio/limits/check", content=content.replace("5 workdays", "5 weeks"), step="deploy")
        assert (faulty.status_code, "5 weeks”不是期限" in text(faulty)) == (422, True)
        assert root.post("/studio/limits/check", content=newest.content, step="deploy").status_code == 422
        noted = {"note_of_version": "按新办法", "step": "deploy"}
        assert root.post("/studio/limits/check", content=content, **noted).status_code == 303
        page = text(root.get("/studio/limits/check"))
        for words in ("第 2 版", "按新办法", "期限：3 个工作日 → 5 个工作日"):
            assert words in page
        engine.deploy_app(ORDERS)
        assert str(engine.read(queries.limit_rule, SYSTEM, "check")[0].definition.term) == "5 workdays"


class TestRuleForm:
    """A rule is written in fields, row by row; what is wrong stands at its field."""

    CASE: ClassVar[dict[str, Any]] = {
        "name": "整改时限",
        "basis": "责令限期整改指令书",
        "amount": "12",
        "unit": "workdays",
        "scope": "case",
        "process": "order",
        "starts_element": ["check"],
        "starts_event": ["completed"],
        "ends_element": ["fix"],
        "ends_event": ["completed"],
        "until": "=整改期限",
        "pausable": "on",
        "extensions": "1",
        "ask_amount": "2",
        "ask_unit": "workdays",
        "decided_by": ["leader"],
        "rung_when": ["before", "at", "after"],
        "rung_amount": ["5", "", "3"],
        "rung_unit": ["workdays", "workdays", "workdays"],
        "rung_do": ["remind", "escalation", "reassign"],
        "rung_role": ["", "", "leader"],
        "rung_name": ["", "late", ""],
        "rung_priority": ["", "", ""],
        "rung_process": ["", "", ""],
    }

    def test_the_form_shows_the_rule_and_makes_the_same_one(self, visit: Visit, engine: Engine) -> None:
        root = visit("root")
        page = text(root.get("/studio/limits/rectification"))
        for words in ('value="整改时限"', 'value="=整改期限"', "核实", 'value="late"', "checked"):
            assert words in page
        same = root.post("/studio/limits/rectification", **{**self.CASE, "amount": "10"}, step="preview")
        assert same.status_code == 422
        seen = text(root.post("/studio/limits/rectification", **self.CASE, step="preview", day="2026-09-30"))
        for words in ("第 2 版将带来的变化", "期限：10 个工作日 → 12 个工作日", "0 个时限仍按各自开始时的版本计算"):
            assert words in seen
        assert root.post("/studio/limits/rectification", **self.CASE, step="deploy").status_code == 303
        newest, before = engine.read(queries.limit_rule, SYSTEM, "rectification")
        assert [change.field for change in newest.changes] == ["term"]
        assert newest.definition.ladder == before.definition.ladder
        compared = text(root.get("/studio/limits/rectification?from=1&to=2"))
        assert "12 个工作日</span></td>" in compared

    def test_rows_come_and_go_and_what_was_typed_stays(self, visit: Visit) -> None:
        root = visit("root")
        more = text(root.post("/studio/limits/rectification", **self.CASE, step="add-ladder"))
        assert more.count('name="rung_do"') == 4
        assert 'value="12"' in more
        fewer = text(root.post("/studio/limits/rectification", **self.CASE, step="remove-ladder-1"))
        assert fewer.count('name="rung_do"') == 2
        assert 'value="late"' not in fewer
        assert (
            text(root.post("/studio/limits/rectification", **self.CASE, step="add-starts")).count("starts_element") == 2
        )

    def test_each_fault_stands_at_its_field_in_chinese(self, visit: Visit) -> None:
        wrong = {
            **self.CASE,
            "name": "",
            "amount": "x",
            "until": "=1 +",
            "extensions": "99",
            "starts_element": ["check", "gone"],
            "starts_event": ["completed", "entered"],
            "rung_role": ["", "", ""],
            "effective_from": "2027-02-01",
            "effective_to": "2027-01-01",
        }
        answer = visit("root").post("/studio/limits/rectification", **wrong, step="deploy")
        page = text(answer)
        assert answer.status_code == 422
        places = ("name", "amount", "extensions", "ladder-2-role")
        for place in places:
            assert f'id="{place}-error"' in page, place
            assert f'href="#{place}"' in page, place
        for words in ("须为 1 至 100 个字", "须在 0 至 20 之间", "此项处理须选择岗位"):
            assert words in page
        only = {**self.CASE, "starts_element": ["check", "gone"], "starts_event": ["completed", "entered"]}
        page = text(visit("root").post("/studio/limits/rectification", **only, step="preview"))
        assert 'id="starts-1-element-error"' in page
        assert "流程“order”中没有元素“gone”" in page
        page = text(
            visit("root").post("/studio/limits/rectification", **{**self.CASE, "until": "=1 +"}, step="preview")
        )
        assert 'id="until-error"' in page

    def test_a_new_rule_is_made_and_only_by_designers(self, visit: Visit, engine: Engine) -> None:
        root = visit("root")
        assert "新规则" in text(root.get("/studio/limits/new?app=orders"))
        fresh = {"code": "look", "name": "查看时限", "basis": "示范", "amount": "2", "unit": "days", "scope": "task"}
        assert root.post("/studio/limits/new?app=orders", **fresh, step="deploy").status_code == 303
        assert str(engine.read(queries.limit_rule, SYSTEM, "look")[0].definition.term) == "2 days"
        lea = visit("lea")
        assert lea.get("/studio/limits/new?app=orders").status_code == 403
        assert lea.post("/studio/limits/new?app=orders", **{**fresh, "code": "no"}, step="deploy").status_code == 403


def test_the_list_of_cases_is_narrowed_by_limits(visit: Visit, desk: Desk) -> None:
    root = visit("root")
    page = text(root.get("/cases/?limit_state=running&limit_code=rectification"))
    assert desk.case.number in page
    assert "时限已超期" in page
    assert desk.case.number not in text(root.get("/cases/?limit_state=exceeded"))
    found = root.get("/api/cases?limit_state=met&limit_code=check").get_json()["items"]
    assert [case["number"] for case in found] == [desk.case.number]
    assert root.get("/api/cases?limit_state=late").get_json()["items"] == []


def test_days_of_another_year_are_written_with_their_year() -> None:
    days = tuple(reckoning.spans(calendars.SHIPPED, date(2026, 12, 25), date(2027, 1, 4)))
    assert wording.written(days, str) == "12-26 to 12-27 weekend, 2027-01-01 元旦, 01-02 to 01-03 weekend"


def test_the_record_tells_what_each_rung_did(visit: Visit, desk: Desk, engine: Engine) -> None:
    engine.clock = lambda: datetime.now(UTC) + timedelta(days=40)
    while engine.run_due_jobs():
        continue
    page = text(visit("lea").get(f"/cases/{desk.case.id}"))
    for words in ("按规则提醒或升级：整改时限", "提醒承办人", "任务转交领导"):
        assert words in page


def test_a_last_day_that_cannot_be_read_is_shown_to_operators_until_it_is_corrected(
    visit: Visit, engine: Engine, desk: Desk
) -> None:
    odo = engine.actor(next(row.id for row in engine.read(queries.people, SYSTEM) if row.login == "odo"))
    case = engine.start_case("order", {"整改期限": "尽快"}, by=odo)
    task = next(task for task in engine.read(queries.inbox, odo) if task.case_id == case.id)
    engine.complete_task(task.id, by=odo, data={})
    root = visit("root")
    page = text(root.get("/admin/incidents?kind=limit"))
    for words in ("时限未正常计时", "时限截止日：尽快 不是日期", "=整改期限"):
        assert words in page
    page = text(visit("odo").get(f"/cases/{case.id}"))
    assert "需要运维人员处理，案件继续办理" in page
    assert "时限未正常计时：整改时限" in page
    again = {"all": "yes", "reason": "录入有误"}
    root.post("/admin/incidents/retry", **again)
    assert engine.read(queries.incident_count, SYSTEM) == 1
    engine.change_data(case.id, {"整改期限": "2026-04-01"}, by=SYSTEM, reason="录入有误")
    root.post("/admin/incidents/retry", **again)
    assert engine.read(queries.incident_count, SYSTEM) == 0
    assert "时限截止日已确定：整改时限" in text(visit("odo").get(f"/cases/{case.id}"))
