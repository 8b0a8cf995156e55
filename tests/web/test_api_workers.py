"""What other systems do by the API: fetch jobs, answer, send messages and signals."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from engine import SYSTEM, Case, Engine, ProcessApp, now_utc, queries
from tests.conftest import fold
from tests.web.conftest import APP, PASSWORD, PERSONS, UNITS, Browser
from tests.web.programs import ROBOT, Program, program
from web.config import Settings

Visit = Callable[[str], Browser]
NOBODY = "01a20053-6e65-72ea-a6f3-83248c6e01a2"
FOLDER = Path(__file__).parent.parent / "apps" / "elsewhere"
PROBLEM = "application/problem+json"
LOCK = {"types": ["stamp"], "worker": "one"}


@pytest.fixture(scope="module")
def stamping(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with both apps in force and their people, to copy."""
    file = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("stamping") / "stamping.sqlite"))
    engine = Engine(f"sqlite:///{file}", apps=[APP, _elsewhere()], files=file.parent / "files")
    engine.load_people(UNITS, [{"password": PASSWORD, **person} for person in [*PERSONS, ROBOT]])
    for app in engine.apps:
        engine.deploy_app(app)
    fold(engine)
    engine.close()
    return file


def _elsewhere() -> ProcessApp:
    elsewhere = ProcessApp(name="elsewhere", title="外部", folder=FOLDER, process="stamping")
    elsewhere.external("stamp")
    return elsewhere


@pytest.fixture
def engine(settings: Settings, stamping: Path) -> Iterator[Engine]:
    shutil.copy(stamping, str(make_url(settings.database_url).database))
    engine = Engine(settings.database_url, apps=[APP, _elsewhere()], files=settings.files)
    yield engine
    engine.close()


@pytest.fixture
def robot(app: Flask, engine: Engine) -> Program:
    """A program of another house that stamps documents."""
    return program(app, engine, "robot", "jobs", "messages")


def start(engine: Engine, process: str = "stamping", **data: Any) -> Case:
    return engine.start_case(process, {"文件名": "整改通知书", **data}, by=SYSTEM, unit_code="office")


def view(engine: Engine, case: Case) -> Any:
    return engine.read(queries.case, SYSTEM, case.id)


def test_a_job_goes_from_lock_to_done(engine: Engine, robot: Program) -> None:
    case = start(engine, 金额=120.5)
    answer = robot.post("/api/jobs/lock", {**LOCK, "seconds": 30, "limit": 5})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    [job] = answer.get_json()["items"]
    assert (job["type"], job["element"], job["case_number"]) == ("stamp", "stamp", case.number)
    assert (job["headers"], job["data"]["file"], job["data"]["金额"]) == ({"seal": "公章"}, "整改通知书", 120.5)
    assert (job["key"], job["retries"], job["attempts"]) == (job["id"], 2, 0)
    assert job["locked_until"] > job["due_at"]
    assert robot.post("/api/jobs/lock", {**LOCK, "worker": "two"}).get_json() == {"items": []}
    body = {"worker": "one", "data": {"signed": "章.pdf"}}
    assert robot.post(f"/api/jobs/{job['id']}/complete", body).status_code == 204
    assert (view(engine, case).case.state, view(engine, case).data["签章件"]) == ("closed", "章.pdf")


def test_a_worker_that_lost_its_job_is_told_so(engine: Engine, robot: Program) -> None:
    start(engine)
    [job] = robot.post("/api/jobs/lock", LOCK).get_json()["items"]
    for verb, body in (
        ("complete", {}),
        ("fail", {"reason": "x"}),
        ("error", {"code": "REFUSED"}),
        ("extend", {"seconds": 5}),
    ):
        answer = robot.post(f"/api/jobs/{job['id']}/{verb}", {"worker": "two", **body})
        assert (answer.status_code, answer.mimetype) == (409, PROBLEM), verb
        assert "two" in answer.get_json()["detail"]
        assert robot.post(f"/api/jobs/{uuid4()}/{verb}", {"worker": "one", **body}).status_code == 409


def test_a_failure_says_when_and_how_often_to_try_again(engine: Engine, robot: Program) -> None:
    start(engine)
    [job] = robot.post("/api/jobs/lock", LOCK).get_json()["items"]
    body = {"worker": "one", "reason": "签章服务停机", "retries": 3, "retry_in": 600}
    failed = robot.post(f"/api/jobs/{job['id']}/fail", body).get_json()
    assert (failed["is_waiting"], failed["retries"]) == (True, 3)
    assert failed["due_at"] > job["due_at"]
    assert robot.post("/api/jobs/lock", LOCK).get_json()["items"] == []


def test_the_last_failure_becomes_an_incident_that_operators_see(engine: Engine, robot: Program, visit: Visit) -> None:
    case = start(engine)
    [job] = robot.post("/api/jobs/lock", LOCK).get_json()["items"]
    body = {"worker": "one", "reason": "证书已吊销", "retries": 0}
    assert robot.post(f"/api/jobs/{job['id']}/fail", body).get_json()["is_waiting"] is False
    page = visit("root").get("/admin/incidents").get_data(as_text=True)
    assert "证书已吊销" in page
    assert case.number in page


def test_an_error_takes_the_way_that_the_diagram_shows(engine: Engine, robot: Program) -> None:
    case = start(engine)
    [job] = robot.post("/api/jobs/lock", LOCK).get_json()["items"]
    body = {"worker": "one", "code": "REFUSED", "message": "文件未定稿"}
    assert robot.post(f"/api/jobs/{job['id']}/error", body).status_code == 204
    assert view(engine, case).case.end_element == "unstamped"


def test_a_lock_is_extended(engine: Engine, robot: Program) -> None:
    start(engine)
    [job] = robot.post("/api/jobs/lock", {**LOCK, "seconds": 1}).get_json()["items"]
    answer = robot.post(f"/api/jobs/{job['id']}/extend", {"worker": "one", "seconds": 3600})
    assert answer.get_json()["locked_until"] > job["locked_until"]


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("jobs/lock", {"worker": "one"}, "types"),
        ("jobs/lock", {"types": [], "worker": "one"}, "types"),
        ("jobs/lock", {**LOCK, "seconds": 0}, "seconds"),
        ("jobs/lock", {**LOCK, "limit": 1000}, "limit"),
        ("jobs/lock", {**LOCK, "worker": ""}, "worker"),
        (f"jobs/{NOBODY}/fail", {"worker": "one"}, "reason"),
        (f"jobs/{NOBODY}/fail", {"worker": "one", "reason": "x", "retry_at": "2026-01-01T00:00:00Z", "retry_in": 1},
         "retry_in"),
        (f"jobs/{NOBODY}/complete", {"worker": "one", "data": [1]}, "data"),
        ("messages", {"correlation_key": "1"}, "name"),
        ("messages", {"name": "answer", "time_to_live": -1}, "time_to_live"),
        ("signals", {"name": ""}, "name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(robot: Program, address: str, body: Any, field: str) -> None:
    answer = robot.post(f"/api/{address}", body)
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)
    assert any(name.split(".")[0] == field for name in answer.get_json()["errors"])


def test_a_message_reaches_the_case_that_waits_for_it_once(engine: Engine, robot: Program) -> None:
    first, second = start(engine, "keyed", key="7"), start(engine, "keyed", key="7")
    body = {"name": "answer for one", "correlation_key": "7", "data": {"text": "同意"}, "idempotency_key": "letter-1"}
    assert robot.post("/api/messages", body).get_json() == {"delivery": "taken"}
    assert robot.post("/api/messages", body).get_json() == {"delivery": "taken"}
    assert [view(engine, case).case.state for case in (first, second)] == ["closed", "open"]
    assert view(engine, first).data["text"] == "同意"


def test_an_early_message_is_kept_and_one_that_nobody_wants_is_lost(engine: Engine, robot: Program) -> None:
    body = {"name": "answer for one", "correlation_key": "7"}
    assert robot.post("/api/messages", body).get_json()["delivery"] == "lost"
    assert robot.post("/api/messages", {**body, "time_to_live": 60}).get_json() == {"delivery": "kept"}
    assert view(engine, start(engine, "keyed", key="7")).case.state == "closed"


def test_a_message_starts_a_case_and_a_signal_tells_how_many_heard_it(engine: Engine, robot: Program) -> None:
    assert robot.post("/api/messages", {"name": "petition"}).get_json() == {"delivery": "taken"}
    assert engine.read(queries.cases, SYSTEM, process_id="hearing").items[0].state == "open"
    assert robot.post("/api/signals", {"name": "typhoon"}).get_json() == {"receivers": 0}
    assert robot.post("/api/conditions", {"data": {"level": 13}}).get_json() == {"items": []}
    assert robot.post("/api/conditions", {"data": {}, "process_id": "nowhere"}).status_code == 404


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("jobs/lock", LOCK),
        (f"jobs/{NOBODY}/complete", {"worker": "one"}),
        ("messages", {"name": "petition"}),
        ("signals", {"name": "typhoon"}),
    ],
)
def test_people_of_the_office_are_no_external_systems(visit: Visit, engine: Engine, address: str, body: Any) -> None:
    answer = visit("bob").send("POST", f"/api/{address}", body)
    assert (answer.status_code, answer.mimetype) == (403, PROBLEM)
    assert engine.read(queries.cases, SYSTEM, process_id="hearing").items == []


def test_jobs_of_other_systems_stand_in_the_operators_list(engine: Engine, visit: Visit) -> None:
    start(engine)
    assert "外部系统服务调用" in visit("root").get("/admin/jobs").get_data(as_text=True)


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "\\ud800"}',
        '{"name": "petition", "data": {"a": "\\ud800"}}',
        '{"name": "petition", "data": {"a": ' + "[" * 5000 + "]" * 5000 + "}}",
        "[]",
    ],
)
def test_what_cannot_be_stored_is_refused(engine: Engine, robot: Program, body: str) -> None:
    answer = robot.client.post("/api/messages", data=body, content_type="application/json", headers=robot.headers)
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)
    assert engine.read(queries.cases, SYSTEM, process_id="hearing").items == []


@pytest.mark.parametrize("key", [7, 7.0, "7"], ids=["whole", "decimal", "text"])
def test_a_key_may_be_a_number_as_in_the_diagram(engine: Engine, robot: Program, key: Any) -> None:
    case = start(engine, "keyed", key=7)
    assert robot.post("/api/messages", {"name": "answer for one", "correlation_key": key}).json == {"delivery": "taken"}
    assert view(engine, case).case.state == "closed"


@pytest.mark.parametrize("key", [True, ["7"], {"a": 7}], ids=["truth", "list", "values"])
def test_a_key_of_another_kind_is_refused(robot: Program, key: Any) -> None:
    answer = robot.post("/api/messages", {"name": "answer for one", "correlation_key": key})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["correlation_key"])


def test_a_body_of_another_type_is_told_so_and_nothing_is_read_from_it(robot: Program) -> None:
    for type in ("application/x-www-form-urlencoded", "text/plain"):
        answer = robot.client.post("/api/signals", data='{"name": "x"}', content_type=type, headers=robot.headers)
        assert (answer.status_code, answer.json["code"]) == (415, "unsupported-media-type")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic cm9ib3Q6eA=="}])
def test_a_program_without_a_token_is_told_to_sign_in(app: Flask, headers: dict[str, str]) -> None:
    answer = app.test_client(use_cookies=False).post("/api/messages", json={"name": "x"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (401, "not-signed-in")


BEYOND = [
    ("jobs/lock", '{"types": ["stamp"], "worker": "one", "seconds": %s}' % ("9" * 5000), "_schema"),
    ("jobs/lock", '{"types": ["stamp"], "worker": "one", "wait": 1e99999}', "_schema"),
    ("jobs/lock", '{"types": ["stamp"], "worker": "one", "limit": 1.5}', "limit"),
    ("jobs/NOBODY/complete", '{"worker": "one", "data": {"a": NaN}}', "_schema"),
    ("jobs/NOBODY/fail", '{"worker": "one", "reason": "x", "retry_at": "0001-01-01T00:00:00+14:00"}', "retry_at"),
    ("messages", '{"name": "answer", "correlation_key": 1e999999999}', "_schema"),
    ("messages", '{"name": "answer", "data": {"a": Infinity}}', "_schema"),
]


def test_numbers_and_moments_beyond_measure_are_refused(robot: Program) -> None:
    for address, body, field in BEYOND:
        address = f"/api/{address.replace('NOBODY', NOBODY)}"
        answer = robot.client.post(address, data=body, headers=robot.headers, content_type="application/json")
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field]), body[:80]


def test_decimals_keep_every_digit(engine: Engine, robot: Program) -> None:
    case = start(engine)
    [job] = robot.post("/api/jobs/lock", LOCK).get_json()["items"]
    body = '{"worker": "one", "data": {"signed": 12345678901234567890.123456789}}'
    address = f"/api/jobs/{job['id']}/complete"
    assert (
        robot.client.post(address, data=body, headers=robot.headers, content_type="application/json").status_code == 204
    )
    assert view(engine, case).data["签章件"] == Decimal("12345678901234567890.123456789")


def test_what_is_too_large_for_a_case_is_refused(robot: Program) -> None:
    answer = robot.post("/api/messages", {"name": "answer", "data": {"x": "x" * (5 << 20)}, "time_to_live": 60})
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too-large")


def test_a_worker_is_told_why_a_job_is_not_its_own(engine: Engine, robot: Program) -> None:
    case = start(engine)
    [job] = robot.post("/api/jobs/lock", LOCK).get_json()["items"]
    address = f"/api/jobs/{job['id']}"

    def told(worker: str, language: str = "en") -> str:
        headers = {**robot.headers, "Accept-Language": language}
        answer = robot.client.post(f"{address}/complete", json={"worker": worker}, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "lock-lost")
        return str(answer.get_json()["detail"])

    assert told("two") == "Worker two does not hold this job: one holds it."
    assert told("two", "zh-CN,zh;q=0.9,en;q=0.8") == "执行者 two 未持有此作业：作业已由 one 锁定。"
    clock, engine.clock = engine.clock, lambda: now_utc() + timedelta(seconds=61)
    assert told("one").startswith("Worker one does not hold this job: its lock ran out at 20")
    engine.clock = clock
    robot.post(f"{address}/fail", {"worker": "one", "reason": "x", "retries": 1, "retry_in": 0})
    assert told("one") == "Worker one does not hold this job: nobody holds it; it has to be fetched first."
    engine.suspend_case(case.id, by=SYSTEM, reason="复核")
    assert told("one") == "Worker one does not hold this job: its case is suspended."
    engine.resume_case(case.id, by=SYSTEM)
    robot.post("/api/jobs/lock", LOCK)
    robot.post(f"{address}/fail", {"worker": "one", "reason": "x", "retries": 0})
    assert told("one") == "Worker one does not hold this job: it failed and waits for an operator."
    engine.cancel_case(case.id, by=SYSTEM, reason="重复")
    assert told("one") == "Worker one does not hold this job: it is done, or its case went on without it."


def test_the_next_try_is_not_in_the_past_and_not_for_ever_away(engine: Engine, robot: Program) -> None:
    start(engine)
    [job] = robot.post("/api/jobs/lock", LOCK).get_json()["items"]
    failed = {"worker": "one", "reason": "x", "retries": 3}
    address = f"/api/jobs/{job['id']}/fail"
    answer = robot.post(address, {**failed, "retry_at": "2999-01-01T00:00:00Z"})
    assert (answer.status_code, answer.get_json()["detail"]) == (422, "不能这样锁定作业：下次重试须在 366 天之内。")
    answer = robot.post(address, {**failed, "retry_at": "2020-01-01T00:00:00Z"})
    assert answer.get_json()["due_at"] > "2026"


def test_a_request_that_counts_once_does_not_wait_in_its_transaction(robot: Program) -> None:
    headers = {**robot.headers, "Idempotency-Key": "fetch-1"}
    answer = robot.client.post("/api/jobs/lock", json={**LOCK, "wait": 60}, headers=headers)
    assert answer.get_json() == {"items": []}
    again = robot.client.post("/api/jobs/lock", json={**LOCK, "wait": 60}, headers=headers)
    assert (again.get_json(), again.headers["Idempotency-Replayed"]) == ({"items": []}, "true")


def test_operators_see_what_cases_wait_for_and_which_messages_wait_and_forget_one(
    app: Flask, engine: Engine, robot: Program
) -> None:
    case = engine.start_case("keyed", {"key": "甲-1"}, by=SYSTEM, unit_code="office")
    robot.post("/api/messages", {"name": "petition for one", "correlation_key": 7, "time_to_live": 60})
    robot.post("/api/messages", {"name": "answer for one", "correlation_key": "甲-2", "time_to_live": 60})
    root = program(app, engine, "root", "read", "messages")
    assert robot.get("/api/subscriptions").status_code == 403
    [waits] = root.get("/api/subscriptions?name=answer for one").get_json()["items"]
    assert (waits["kind"], waits["correlation_key"], waits["element"]) == ("message", "甲-1", "one")
    assert (waits["case_number"], waits["case_state"], waits["process_id"]) == (case.number, "open", "keyed")
    assert root.get("/api/subscriptions?name=nothing").get_json()["items"] == []
    first = root.get("/api/messages?limit=1").get_json()
    assert (first["total"], [row["correlation_key"] for row in first["items"]]) == (2, ["7"])
    [kept] = root.get(f"/api/messages?after={first['next']}").get_json()["items"]
    assert (kept["name"], kept["correlation_key"]) == ("answer for one", "甲-2")
    assert kept["expires_at"] > kept["received_at"]
    address = f"/api/messages/{kept['id']}"
    assert robot.client.delete(address, headers=robot.headers).status_code == 403
    assert root.client.delete(address, headers=root.headers).status_code == 204
    assert root.client.delete(address, headers=root.headers).get_json()["code"] == "message-not-found"
    assert root.get("/api/messages").get_json()["total"] == 1


def test_a_lost_message_tells_why(engine: Engine, robot: Program) -> None:
    engine.start_case("keyed", {"key": "1"}, by=SYSTEM)

    def why(name: str, key: Any) -> str:
        found = robot.post("/api/messages", {"name": name, "correlation_key": key}).get_json()
        assert found["delivery"] == "lost"
        return str(found["reason"])

    assert why("answr for one", 1) == "没有案件等待此名称的消息，也没有流程由它发起"
    assert why("answer for one", 2) == "没有办理中的案件以关联键“2”等待它"
    assert robot.post("/api/messages", {"name": "petition", "correlation_key": "甲"}).get_json()["delivery"] == "taken"
    assert why("petition", "甲") == "由关联键“甲”发起的案件尚未结束"
