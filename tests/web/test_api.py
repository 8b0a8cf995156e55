"""The JSON API: what the pages do, for scripts."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from PIL import Image

from engine import SCOPES
from tests.web.conftest import Browser
from tests.web.programs import address_of

Visit = Callable[[str], Browser]
PROBLEM = "application/problem+json"


def a_case(browser: Browser) -> dict[str, Any]:
    """This will start a case as alice does, by the API."""
    body = {"process_id": "leak", "data": {"地点": "三栋 402", "漏水情况": "厨房天花板滴水"}}
    answer = browser.send("POST", "/api/cases", body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    case: dict[str, Any] = answer.get_json()
    return case


def small_picture() -> bytes:
    """This will return a PNG."""
    held = io.BytesIO()
    Image.new("RGB", (4, 3), "white").save(held, "PNG")
    return held.getvalue()


def a_task(browser: Browser) -> str:
    """This will return the id of the first task in somebody's inbox."""
    task_id: str = browser.get("/api/inbox").get_json()["items"][0]["id"]
    return task_id


def test_nobody_reads_anything_without_signing_in(app: Flask, stranger: Browser) -> None:
    rules = [
        rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/") and "GET" in (rule.methods or ())
    ]
    assert len(rules) >= 10
    for rule in rules:
        if rule.endpoint == "api-docs.openapi_json":
            continue  # the description itself holds no data
        address = address_of(rule.rule)
        answer = stranger.client.get(address)
        assert answer.status_code == 401 or (rule.endpoint.startswith("api-pages.") and answer.status_code == 302), (
            address
        )
        if answer.status_code == 401:
            assert answer.mimetype == PROBLEM, address


def test_me_tells_roles_and_the_token_that_unsafe_methods_need(visit: Visit) -> None:
    bob = visit("bob")
    me = bob.get("/api/me").get_json()
    assert (me["login"], me["memberships"][0]["role"]) == ("bob", "plumber")
    assert isinstance(me["memberships"][0]["unit_id"], str)
    refused = bob.client.post("/api/feel", json={"expression": "1"})
    assert refused.status_code == 400, "without the token nothing is done"
    accepted = bob.client.post("/api/feel", json={"expression": "1"}, headers={"X-CSRFToken": me["csrf_token"]})
    assert accepted.status_code == 403, "the token is right, the right is missing"


def test_a_case_goes_from_start_to_end(visit: Visit) -> None:
    alice, bob, carol = visit("alice"), visit("bob"), visit("carol")
    case = a_case(alice)
    assert case["state"] == "open"
    assert isinstance(case["id"], str)
    task_id = a_task(bob)
    shown = bob.get(f"/api/tasks/{task_id}").get_json()
    assert shown["data"]["地点"] == "三栋 402"
    assert "claim" in shown["may"]
    assert shown["form"]["components"]
    assert bob.send("POST", f"/api/tasks/{task_id}/claim", None).get_json()["assignee_id"]
    body = {"data": {"漏水情况": "水管裂", "部位": "pipe", "费用": 120.5}, "outcome": "漏水"}
    assert bob.send("POST", f"/api/tasks/{task_id}/complete", body).status_code == 200
    answer = carol.send("POST", f"/api/tasks/{a_task(carol)}/complete", {"data": {}, "outcome": "同意"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.get_json()["state"] == "closed"
    whole = alice.get(f"/api/cases/{case['id']}").get_json()
    assert whole["data"]["费用"] == 120.5
    assert [task["state"] for task in whole["tasks"]] == ["done", "done"]
    history = alice.get(f"/api/cases/{case['id']}/history").get_json()["items"]
    assert [event["seq"] for event in history] == list(range(1, len(history) + 1))


def test_a_form_that_is_wrong_is_answered_field_by_field(visit: Visit) -> None:
    answer = visit("alice").send("POST", "/api/cases", {"process_id": "leak", "data": {"地点": "三栋"}})
    assert answer.status_code == 422
    assert answer.mimetype == PROBLEM
    problem = answer.get_json()
    assert problem["status"] == 422
    assert problem["detail"]
    assert "漏水情况" in problem["errors"]


def test_arguments_that_are_wrong_are_named(visit: Visit) -> None:
    answer = visit("bob").get("/api/inbox?limit=0&show=everything")
    assert answer.status_code == 422
    assert answer.mimetype == PROBLEM
    assert {"limit", "show"} <= set(answer.get_json()["errors"])


def test_a_body_that_is_no_json_is_refused(visit: Visit) -> None:
    alice = visit("alice")
    answer = alice.client.post(
        "/api/cases", data="{", content_type="application/json", headers={"X-CSRFToken": alice.token}
    )
    assert answer.status_code in (400, 422)
    assert answer.mimetype == PROBLEM


def test_what_is_not_there_is_a_problem_too(visit: Visit) -> None:
    bob = visit("bob")
    for address in ("/api/cases/0190a000-0000-7000-8000-000000000000", "/api/no-such-thing"):
        answer = bob.get(address)
        assert (answer.status_code, answer.mimetype) == (404, PROBLEM), address


def test_mallory_may_not_see_the_task_of_another_town(visit: Visit) -> None:
    a_case(visit("alice"))
    task_id = a_task(visit("bob"))
    mallory = visit("mallory")
    assert mallory.get("/api/inbox").get_json()["items"] == []
    assert mallory.get(f"/api/tasks/{task_id}").status_code == 403
    assert mallory.send("POST", f"/api/tasks/{task_id}/claim", None).status_code == 403
    assert mallory.send("PUT", f"/api/tasks/{task_id}/draft", {"data": {"说明": "x"}}).status_code == 403


def test_the_slower_of_two_is_told_that_the_task_is_taken(visit: Visit) -> None:
    a_case(visit("alice"))
    task_id = a_task(visit("bob"))
    assert visit("bob").send("POST", f"/api/tasks/{task_id}/claim", None).status_code == 200
    answer = visit("bert").send("POST", f"/api/tasks/{task_id}/claim", None)
    assert (answer.status_code, answer.mimetype) == (409, PROBLEM)


def test_a_draft_is_kept_for_its_writer_alone(visit: Visit) -> None:
    a_case(visit("alice"))
    bob, bert = visit("bob"), visit("bert")
    task_id = a_task(bob)
    assert bob.send("PUT", f"/api/tasks/{task_id}/draft", {"data": {"说明": "还没写完"}}).status_code == 204
    assert bob.get(f"/api/tasks/{task_id}").get_json()["draft"] == {"说明": "还没写完"}
    assert not bert.get(f"/api/tasks/{task_id}").get_json()["draft"]


def test_comments_stand_in_the_history(visit: Visit) -> None:
    alice = visit("alice")
    case = a_case(alice)
    assert alice.send("POST", f"/api/cases/{case['id']}/comments", {"text": "请尽快"}).status_code == 204
    history = alice.get(f"/api/cases/{case['id']}/history").get_json()["items"]
    assert any("请尽快" in str(event["detail"]) for event in history)


def test_a_file_comes_back_as_it_was(visit: Visit) -> None:
    alice = visit("alice")
    case = a_case(alice)
    picture = small_picture()
    answer = alice.client.post(
        "/api/attachments",
        data={"file": (io.BytesIO(picture), "滴水.png"), "case_id": case["id"]},
        headers={"X-CSRFToken": alice.token},
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)
    attachment = answer.get_json()
    assert attachment["case_id"] == case["id"]
    assert alice.client.get(f"/api/attachments/{attachment['id']}").data == picture
    assert visit("mallory").client.get(f"/api/attachments/{attachment['id']}").status_code == 403


def test_an_upload_without_a_file_names_the_field(visit: Visit) -> None:
    alice = visit("alice")
    answer = alice.client.post("/api/attachments", data={}, headers={"X-CSRFToken": alice.token})
    assert answer.status_code == 422
    assert "file" in answer.get_json()["errors"]


def test_designers_try_expressions_and_decisions(visit: Visit) -> None:
    root = visit("root")
    answer = root.send("POST", "/api/feel", {"expression": "a + missing", "context": {"a": 1}}).get_json()
    assert answer["value"] is None
    assert answer["warnings"][0]["column"] == 5
    table = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
      <inputData id="a" name="a"><variable name="a"/></inputData>
      <decision id="twice" name="twice"><variable name="twice"/>
      <informationRequirement id="n"><requiredInput href="#a"/></informationRequirement>
      <literalExpression><text>a * 2</text></literalExpression></decision></definitions>"""
    answer = root.send("POST", "/api/decisions", {"xml": table, "decision": "twice", "input": {"a": 21}})
    assert answer.get_json()["value"] == 42


def test_feel_that_is_none_is_answered_with_its_place(visit: Visit) -> None:
    answer = visit("root").send("POST", "/api/feel", {"expression": "1 +"})
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)


def test_what_is_no_set_of_variables_is_refused(visit: Visit) -> None:
    root = visit("root")
    for wrong in ("a", [1], 7):
        assert root.send("POST", "/api/feel", {"expression": "a", "context": wrong}).status_code == 422
        sent = {"xml": "<definitions/>", "decision": "d", "input": wrong}
        assert root.send("POST", "/api/decisions", sent).status_code == 422


def test_definitions_are_listed_checked_and_deployed(visit: Visit) -> None:
    root = visit("root")
    (definition,) = root.get("/api/definitions").get_json()["items"]
    xml = root.get(f"/api/definitions/{definition['id']}/xml").get_data(as_text=True)
    assert root.send("POST", "/api/definitions/check", {"xml": xml}).get_json() == {"faults": []}
    changed = xml.replace('name="漏水报修"', 'name="报修"')
    answer = root.send("POST", f"/api/definitions/{definition['process_id']}", {"xml": changed, "note": "短名"})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert answer.get_json()["version"] == 2
    broken = changed.replace("leak-look", "nothing")
    refused = root.send("POST", f"/api/definitions/{definition['process_id']}", {"xml": broken})
    assert refused.status_code == 422
    assert refused.get_json()["faults"][0]["element"] == "look"


def test_the_board_counts_what_waits(visit: Visit) -> None:
    a_case(visit("alice"))
    cells = visit("carol").get("/api/board").get_json()["items"]
    assert [(cell["step"], cell["open"]) for cell in cells] == [("现场查看", 1)]


def test_the_description_names_every_address_and_needs_no_sign_in(app: Flask, stranger: Browser) -> None:
    described = stranger.client.get("/api/openapi.json").get_json()["paths"]
    served = {
        re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0].startswith("api-") and not rule.endpoint.startswith(("api-docs", "api-pages"))
    }
    assert set(described) == served
    for address, methods in described.items():
        for method, told in methods.items():
            if method != "parameters":
                assert told["summary"], (method, address)
                assert told["x-scope"] in SCOPES, (method, address)


def test_the_docs_page_shows_every_operation_without_a_request_outside(visit: Visit) -> None:
    root = visit("root")
    page = root.get("/api/docs").get_data(as_text=True)
    for address in root.get("/api/openapi.json").get_json()["paths"]:
        assert f"<code>{address}</code>" in page
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert not [source for source in sources if source.startswith(("http:", "https:", "//"))]
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert {source[1:] for source in sources if source.startswith("#")} <= anchors, "no link leads nowhere"
