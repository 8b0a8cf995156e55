"""The API keeps what its description promises: requests that schemathesis makes up, sent by people and programs."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup

from engine import SCOPES, SYSTEM, Case, Engine, Person, queries
from tests.web.conftest import APP, PASSWORD, Browser
from web import create_app
from web.config import Settings

load_all_checks()
NAMES = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
PROMISES = [not_a_server_error, *CHECKS.get_by_names(list(NAMES))]
PEOPLE = {"handler": "bob", "operator": "root"}
EXAMPLES = 3  # of each operation: there are over a hundred
# what would change who is who, or delete the world that the other requests look at
SPARED = {"/api/people/{login}/activity"}


@dataclass
class World:
    """An application with a case whose first task waits; nobody undoes what the requests do."""

    app: Flask
    tokens: Mapping[str, str]
    known: Mapping[str, Any]  # real values of parameters in addresses

    def schema(self) -> Any:
        """This will read the description as a program would."""
        return schemathesis.openapi.from_wsgi("/api/openapi.json", self.app)


@pytest.fixture(scope="module")
def world(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("schema")
    shutil.copy(house, folder / "schema.sqlite")
    (folder / "files").mkdir()
    chosen = Settings(
        secret_key="for tests only, 32 characters long!",
        database_url=f"sqlite:///{folder / 'schema.sqlite'}",
        files=folder / "files",
        https=False,
        api_rate="1000000 per minute",
        webhook_hosts="127.0.0.1:9",
    )
    engine = Engine(chosen.database_url, apps=[APP], files=chosen.files)
    app = create_app(chosen, engine)
    app.testing = False
    tokens = {
        who: engine.create_token(login, name=who, scopes=SCOPES, days=1, by=SYSTEM)[1] for who, login in PEOPLE.items()
    }
    yield World(app, tokens, _known(engine))
    engine.close()


def _known(engine: Engine) -> dict[str, Any]:
    reported = {"地点": "三栋 402", "漏水情况": "厨房天花板滴水"}
    people = {person.login: person.id for person in engine.read(lambda session: session.query(Person).all())}
    alice, bob, root = (engine.actor(people[login]) for login in ("alice", "bob", "root"))
    case: Case = engine.start_case("leak", reported, by=alice)
    (task,) = engine.read(queries.inbox, bob)
    hook = engine.create_webhook(name="门户", url="http://127.0.0.1:9/", by=root)
    return {
        "case_id": str(case.id),
        "task_id": str(task.id),
        "webhook_id": hook.id,
        "delivery_id": str(engine.ping_webhook(hook.id, by=root)),
        "login": "carol",
        "process_id": "leak",
        "definition_id": 1,
    }


def each_operation(world: World, call: Callable[[Any], Any]) -> list[str]:
    """This will call `call` with made-up cases of every operation and return what was not as promised."""
    wrong: list[str] = []
    for described in world.schema().get_all_operations():
        operation = described.ok()
        if operation.path in SPARED:
            continue

        @seed(20261122)
        @hypothesis_settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_real=st.booleans())
        def check(case: Any, is_real: bool) -> None:
            if is_real:
                case.path_parameters = {
                    name: world.known.get(name, value) for name, value in (case.path_parameters or {}).items()
                }
            try:
                call(case)
            except (FailureGroup, AssertionError) as failure:
                # kept, not raised: what a request changed cannot be undone, so hypothesis could not repeat it
                found = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
                wrong.extend(f"{case.operation.label} {case.path_parameters}: {each}" for each in found)

        check()
    return wrong


def test_whatever_is_sent_by_whomever_is_answered_as_described(world: World) -> None:
    """Handler, operator and stranger send the same: to make a request up costs more than to answer it."""
    strange = {"Authorization": "Bearer bihuan_nobody"}
    known = [{"Authorization": f"Bearer {token}"} for token in world.tokens.values()]
    seen: Counter[int] = Counter()

    def call(case: Any) -> None:
        answer = case.call(headers=strange)
        case.validate_response(answer, checks=PROMISES, headers=strange)
        assert answer.status_code in (401, 404), answer.status_code
        for headers in known:
            answer = case.call(headers=headers)
            seen[answer.status_code] += 1
            case.validate_response(answer, checks=PROMISES, headers=headers)

    wrong = each_operation(world, call)
    assert not wrong, "\n\n".join(wrong)
    assert {200, 201, 204, 403, 404, 422} <= set(seen), seen


def test_people_in_a_browser_get_the_same_as_their_programs(world: World) -> None:
    browser = Browser(world.app.test_client())
    assert browser.sign_in("bob", PASSWORD).status_code == 303
    cookie = browser.client.get_cookie("bihuan")
    assert cookie is not None
    headers = {"X-CSRFToken": browser.token}
    reading = [
        operation
        for operation in (found.ok() for found in world.schema().get_all_operations())
        if operation.method == "get" and not operation.path_parameters
    ]
    assert len(reading) > 10
    for operation in reading:
        case = operation.Case()
        case.call_and_validate(headers=headers, cookies={"bihuan": cookie.value}, checks=PROMISES)
