"""The pages and the API of webhooks: for operators alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from engine import Engine
from tests.web.conftest import Browser
from tests.web.programs import Program, program
from web.config import Settings

Visit = Callable[[str], Browser]
ADDRESS = "http://127.0.0.1:9/in"  # nobody listens on the port "discard"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    from dataclasses import replace

    return replace(settings, webhook_hosts="127.0.0.1:9", api_rate="20 per hour")


def test_an_operator_makes_a_webhook_tries_it_and_sees_what_went_wrong(visit: Visit, engine: Engine, leak: Any) -> None:
    root = visit("root")
    assert "尚未向任何系统推送消息" in root.get("/admin/webhooks").get_data(as_text=True)
    made = root.post("/admin/webhooks/new", name="门户", url=ADDRESS, kinds=["task.opened"])
    assert made.status_code == 201
    page = made.get_data(as_text=True)
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", page), "the secret is shown once"
    again = root.get("/admin/webhooks/1").get_data(as_text=True)
    assert "whsec_" not in again
    assert root.post("/admin/webhooks/1/ping").status_code == 303
    assert engine.deliver_webhooks() == 1
    shown = root.get("/admin/webhooks/1?state=failed").get_data(as_text=True)
    assert "测试消息" in shown
    assert "该地址无人接收" in shown
    delivery = re.search(r"/again/([0-9a-f-]{36})", shown)
    assert delivery is not None
    assert root.post(f"/admin/webhooks/1/again/{delivery[1]}").status_code == 303
    changed = root.post("/admin/webhooks/1/change", name="新门户", url=ADDRESS, app="leak")
    assert changed.status_code == 303
    assert "新门户" in root.get("/admin/webhooks").get_data(as_text=True)
    assert root.post("/admin/webhooks/1/switch", on="no").status_code == 303
    assert "已停用" in root.get("/admin/webhooks/1").get_data(as_text=True)
    assert root.post("/admin/webhooks/1/delete").status_code == 303
    assert root.get("/admin/webhooks/1").status_code == 404


def test_an_address_that_is_refused_says_why_and_keeps_what_was_typed(visit: Visit) -> None:
    answer = visit("root").post("/admin/webhooks/new", name="门户", url="http://10.0.0.1/")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "须使用 https" in page
    assert 'value="http://10.0.0.1/"' in page


def test_handlers_see_nothing_of_webhooks(visit: Visit) -> None:
    bob = visit("bob")
    for path in ("/admin/webhooks", "/admin/webhooks/new", "/admin/webhooks/1", "/api/webhooks"):
        assert bob.get(path).status_code == 403, path
    assert bob.post("/admin/webhooks/new", name="x", url=ADDRESS).status_code == 403


def test_programs_of_operators_do_the_same_by_the_api(app: Any, engine: Engine, leak: Any) -> None:
    root = program(app, engine, "root", "read", "webhooks")
    made = root.post("/api/webhooks", {"name": "门户", "url": ADDRESS, "kinds": ["case.started"]})
    assert made.status_code == 201
    assert made.get_json()["secret"].startswith("whsec_")
    (shown,) = root.get("/api/webhooks").get_json()["items"]
    assert "secret" not in shown
    sent = root.post("/api/webhooks/1/ping").get_json()["id"]
    (delivery,) = root.get("/api/webhooks/1/deliveries?limit=1").get_json()["items"]
    assert (delivery["id"], delivery["state"]) == (sent, "waiting")
    again = root.post(f"/api/deliveries/{sent}/send")
    assert (again.status_code, again.get_json()["code"]) == (409, "still-waiting")
    assert again.get_json()["type"] == "/api/problems#still-waiting"
    reader = program(app, engine, "root", "read")
    assert reader.post("/api/webhooks/1/ping").get_json()["code"] == "scope-missing"


def keyed(caller: Program, path: str, body: Any, key: str) -> Any:
    """This will send a request that counts once."""
    return caller.client.post(path, json=body, headers={**caller.headers, "Idempotency-Key": key})


def test_a_request_with_a_key_counts_once(app: Any, engine: Engine) -> None:
    alice = program(app, engine, "alice")
    body = {"process_id": "leak", "data": {"地点": "三栋 402", "漏水情况": "厨房天花板滴水"}}
    first, again = (keyed(alice, "/api/cases", body, "k1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert alice.get("/api/cases").get_json()["total"] == 1
    other = keyed(alice, "/api/cases", {**body, "unit_code": "town"}, "k1")
    assert (other.status_code, other.get_json()["code"]) == (422, "key-reused")
    assert keyed(alice, "/api/cases", {"process_id": "leak"}, "k2").status_code == 422, "a refusal"
    assert keyed(alice, "/api/cases", body, "k2").status_code == 201, "is not kept"
    wrong = keyed(alice, "/api/cases", body, "a key with spaces")
    assert (wrong.status_code, list(wrong.get_json()["errors"])) == (422, ["Idempotency-Key"])


def test_an_answer_without_a_body_is_repeated_too(app: Any, engine: Engine, leak: Any) -> None:
    alice = program(app, engine, "alice")
    path = f"/api/cases/{leak['id']}/comments"
    answers = [keyed(alice, path, {"text": "请尽快"}, "k") for _ in range(2)]
    assert [each.status_code for each in answers] == [204, 204]
    history = alice.get(f"/api/cases/{leak['id']}/history").get_json()["items"]
    assert sum(event["kind"] == "commented" for event in history) == 1


def test_a_token_that_asks_too_often_is_told_to_wait(app: Any, engine: Engine) -> None:
    bob = program(app, engine, "bob")
    answers = [bob.get("/api/inbox") for _ in range(21)]
    assert {each.status_code for each in answers[:20]} == {200}
    assert (answers[20].status_code, answers[20].get_json()["code"]) == (429, "too-many-requests")
    assert int(answers[20].headers["Retry-After"]) <= 3600
    assert program(app, engine, "bob").get("/api/inbox").status_code == 200, "another token is another program"


def test_the_kinds_of_problems_are_listed_by_their_codes(visit: Visit) -> None:
    page = visit("bob").get("/api/problems").get_data(as_text=True)
    for code in ("task-taken", "key-reused", "not-signed-in", "form-invalid"):
        assert f'id="{code}"' in page
