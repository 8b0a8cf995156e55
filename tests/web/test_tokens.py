"""Tokens of programs: bound to an account, limited to scopes and a time, void when revoked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from engine import (
    SCOPES,
    SYSTEM,
    ApiToken,
    Engine,
    OperatorsOnly,
    PersonNotFound,
    TokenInvalid,
    TokenNotFound,
    now_utc,
    queries,
)
from tests.web.conftest import Browser
from tests.web.programs import Program, address_of, program

Visit = Callable[[str], Browser]
PROBLEM = "application/problem+json"
CASE = {"process_id": "leak", "data": {"地点": "三栋 402", "漏水情况": "厨房天花板滴水"}}


def row(engine: Engine) -> ApiToken:
    return engine.read(lambda session: session.scalars(select(ApiToken)).one())


def test_a_program_does_what_its_person_may_without_a_csrf_token(app: Flask, engine: Engine) -> None:
    alice, bob = program(app, engine, "alice", "cases", "read"), program(app, engine, "bob", "tasks", "read")
    started = alice.post("/api/cases", CASE)
    assert started.status_code == 201, started.get_data(as_text=True)
    [task] = bob.get("/api/inbox").get_json()["items"]
    assert bob.post(f"/api/tasks/{task['id']}/claim").status_code == 200
    [event] = [
        event
        for event in engine.read(queries.case, SYSTEM, UUID(started.get_json()["id"])).history
        if event.kind == "claimed"
    ]
    assert event.actor.startswith("乙"), "the history names the account"


def test_a_program_may_no_more_than_its_person(app: Flask, engine: Engine) -> None:
    program(app, engine, "alice").post("/api/cases", CASE)
    [task] = program(app, engine, "bob").get("/api/inbox").get_json()["items"]
    mallory = program(app, engine, "mallory")
    assert mallory.get("/api/inbox").get_json()["items"] == []
    assert mallory.post(f"/api/tasks/{task['id']}/claim").status_code == 403
    assert mallory.post("/api/feel", {"expression": "1"}).status_code == 403


def test_me_tells_whom_a_token_stands_for_and_its_scopes(app: Flask, engine: Engine) -> None:
    answer = program(app, engine, "bob", "read", "tasks").get("/api/me")
    me = answer.get_json()
    assert (me["login"], me["scopes"], me["csrf_token"]) == ("bob", ["read", "tasks"], "")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("method", "address", "body", "scope"),
    [
        ("GET", "/api/inbox", None, "read"),
        ("GET", "/api/cases", None, "read"),
        ("GET", "/api/definitions", None, "read"),
        ("POST", "/api/cases", CASE, "cases"),
        ("POST", "/api/attachments", None, "cases"),
        ("POST", "/api/tasks/0190a000-0000-7000-8000-000000000000/claim", None, "tasks"),
        ("POST", "/api/jobs/lock", {"types": ["x"], "worker": "w"}, "jobs"),
        ("POST", "/api/messages", {"name": "x"}, "messages"),
        ("POST", "/api/signals", {"name": "x"}, "messages"),
        ("POST", "/api/feel", {"expression": "1"}, "diagrams"),
    ],
)
def test_what_the_scopes_do_not_cover_is_refused_and_the_scope_named(
    app: Flask, engine: Engine, method: str, address: str, body: Any, scope: str
) -> None:
    lacking = program(app, engine, "root", *(other for other in SCOPES if other != scope))
    answer = lacking.client.open(address, method=method, json=body, headers=lacking.headers)
    assert (answer.status_code, answer.mimetype) == (403, PROBLEM)
    assert scope in answer.get_json()["detail"]
    having = program(app, engine, "root", scope)
    answer = having.client.open(address, method=method, json=body, headers=having.headers)
    assert answer.status_code != 403 or scope not in answer.get_json()["detail"]


def test_every_address_of_the_api_needs_a_scope(app: Flask, engine: Engine) -> None:
    """A view that somebody adds without saying its scope must not be open to every token."""
    nothing = program(app, engine, "root", "read")
    engine.write(SYSTEM, lambda turn: turn.session.execute(text("UPDATE api_tokens SET scopes = 'none'")))
    checked = 0
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("api-") or rule.endpoint.startswith(("api-docs", "api-pages")):
            continue
        address = address_of(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = nothing.client.open(address, method=method, json={}, headers=nothing.headers)
            assert answer.status_code == 403, (method, address)
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("given", ["Bearer wrong", "Bearer ", "bearer bihuan_AAAA", "Bearer a b c", "Bearer 中"])
def test_a_token_that_is_none_is_refused(app: Flask, given: str) -> None:
    headers = {"Authorization": given.encode().decode("latin-1")}
    answer = app.test_client().get("/api/me", headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, PROBLEM)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_or_revoked_token_is_refused(app: Flask, engine: Engine) -> None:
    revoked, short = program(app, engine, "bob", "read"), program(app, engine, "bob", "read", days=1)
    assert (revoked.get("/api/me").status_code, short.get("/api/me").status_code) == (200, 200)
    newest, oldest = engine.read(queries.tokens, SYSTEM)
    engine.revoke_token(oldest.id, by=SYSTEM)
    assert (revoked.get("/api/me").status_code, short.get("/api/me").status_code) == (401, 200)
    engine.clock = lambda: now_utc() + timedelta(days=1, seconds=1)
    assert short.get("/api/me").status_code == 401
    assert [shown.is_valid for shown in engine.read(queries.tokens, SYSTEM)] == [False, False]
    assert newest.name == "server1"


def test_a_token_of_a_disabled_account_is_refused(app: Flask, engine: Engine) -> None:
    bob = program(app, engine, "bob", "read")
    engine.set_active("bob", False, by=SYSTEM)
    assert bob.get("/api/me").status_code == 401
    engine.set_active("bob", True, by=SYSTEM)
    assert bob.get("/api/me").status_code == 401, "who comes back gets new tokens"
    assert engine.read(queries.tokens, SYSTEM)[0].revoked_at is not None


def test_a_token_opens_no_page(app: Flask, engine: Engine) -> None:
    root = program(app, engine, "root")
    assert root.get("/admin/people").status_code == 302
    assert root.client.post("/admin/people/bob/active", headers=root.headers).status_code in (302, 400)


def test_a_token_beside_a_cookie_counts_alone(app: Flask, engine: Engine, visit: Visit) -> None:
    root = visit("root")
    bob = program(app, engine, "bob", "read")
    assert root.client.get("/api/me", headers=bob.headers).get_json()["login"] == "bob"
    answer = root.client.post("/api/feel", json={"expression": "1"}, headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401, "a made-up token is no way around the CSRF token"
    assert root.client.post("/api/feel", json={"expression": "1"}).status_code == 400


def test_only_the_hash_of_a_token_is_kept(engine: Engine) -> None:
    _row, token = engine.create_token("bob", name="server1", scopes=["read"], by=SYSTEM)
    kept = row(engine)
    assert len(token) >= 43
    assert kept.sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert token.startswith(kept.prefix)
    assert len(kept.prefix) < 16
    dump = engine.read(lambda session: str(session.execute(text("SELECT * FROM api_tokens")).all()))
    assert token[len(kept.prefix) :] not in dump
    _row, other = engine.create_token("bob", name="server1", scopes=["read"], by=SYSTEM)
    assert other != token


def test_the_last_use_is_kept_once_an_hour(app: Flask, engine: Engine) -> None:
    bob = program(app, engine, "bob", "read")
    assert row(engine).used_at is None
    now = now_utc()
    for minutes, noted in ((0, 0), (59, 0), (61, 61), (80, 61)):
        engine.clock = lambda at=now + timedelta(minutes=minutes): at
        bob.get("/api/me")
        assert row(engine).used_at == now + timedelta(minutes=noted)


@pytest.mark.parametrize(
    "asked",
    [{"scopes": []}, {"scopes": ["everything"]}, {"name": " "}, {"name": "n" * 101}, {"days": 0}, {"days": 800}],
)
def test_a_token_has_a_name_scopes_and_an_end(engine: Engine, asked: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        engine.create_token("bob", **{"name": "server1", "scopes": ["read"], "by": SYSTEM} | asked)


def test_only_operators_make_list_and_revoke_tokens(engine: Engine) -> None:
    token, _secret = engine.create_token("bob", name="server1", scopes=["read"], by=SYSTEM)
    bob = engine.actor(token.person_id)
    with pytest.raises(OperatorsOnly):
        engine.create_token("bob", name="mine", scopes=["read"], by=bob)
    with pytest.raises(OperatorsOnly):
        engine.revoke_token(token.id, by=bob)
    with pytest.raises(OperatorsOnly):
        engine.read(queries.tokens, bob)
    with pytest.raises(PersonNotFound):
        engine.create_token("nobody", name="x", scopes=["read"], by=SYSTEM)
    with pytest.raises(TokenNotFound):
        engine.revoke_token(9999, by=SYSTEM)


def test_operators_see_and_revoke_tokens_on_the_page_of_a_person(app: Flask, engine: Engine, visit: Visit) -> None:
    root = visit("root")
    assert "程序访问令牌" not in root.get("/admin/people/bob").get_data(as_text=True)
    bob: Program = program(app, engine, "bob", "read", "tasks")
    bob.get("/api/me")
    page = root.get("/admin/people/bob").get_data(as_text=True)
    assert row(engine).prefix in page
    assert "read, tasks" in page
    address = f"/admin/people/bob/tokens/{row(engine).id}/revoked"
    assert visit("bob").post(address).status_code == 403
    assert bob.get("/api/me").status_code == 200
    assert root.post(address).status_code == 303
    assert bob.get("/api/me").status_code == 401
    assert "已收回" in root.get("/admin/people/bob").get_data(as_text=True)


def test_the_description_tells_how_programs_sign_in(stranger: Browser) -> None:
    described = stranger.client.get("/api/openapi.json").get_json()
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert {"token": []} in described["security"]
