"""`bihuan webhook`, as an operator types it: the receiver is a real one on loopback."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest

from engine import Engine, queries
from tests.engine.test_webhooks import Receiver, receiver  # noqa: F401
from tests.web.test_cli import Run, house, run  # noqa: F401
from web.commands import installation
from web.config import PREFIX


@pytest.fixture
def told(run: Run, house: Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Engine:  # noqa: F811
    """An installation that tells the receiver."""
    monkeypatch.setenv(PREFIX + "WEBHOOK_HOSTS", receiver.host)
    made = run("webhook", "add", receiver.address, "--name", "portal", "--event", "task.opened")
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("whsec_"), "the secret alone is printed"
    assert "number 1" in made.stderr
    return installation.open_engine()


def test_a_webhook_is_listed_tried_and_removed(run: Run, told: Engine, receiver: Any) -> None:  # noqa: F811
    listed = run("webhook", "list").stdout
    assert all(word in listed for word in ("portal", receiver.address, "task.opened"))
    assert "whsec_" not in listed
    assert run("webhook", "test", "1", "--wait", "0").exit_code == 0
    late = run("webhook", "test", "1", "--wait", "1")
    assert (late.exit_code, "Does a worker run?" in late.stderr) == (1, True)
    assert told.deliver_webhooks() == 2
    refused = run("webhook", "remove", "1")
    assert refused.exit_code == 130, "nobody is there to say yes"
    assert run("webhook", "remove", "1", "--yes").exit_code == 0
    assert run("webhook", "test", "1").exit_code == 1


@pytest.mark.parametrize(("status", "code"), [(200, 0), (500, 1)])
def test_a_trial_tells_how_it_was_taken(run: Run, told: Engine, receiver: Any, status: int, code: int) -> None:  # noqa: F811
    receiver.statuses = [status]

    def work() -> None:
        while not told.deliver_webhooks():
            pass

    worker = Thread(target=work)
    worker.start()
    answer = run("webhook", "test", "1")
    worker.join()
    assert (answer.exit_code, str(status) in answer.output) == (code, True)


def test_what_failed_is_listed_and_sent_again_one_or_all(run: Run, told: Engine, receiver: Any) -> None:  # noqa: F811
    receiver.statuses = [500, 500, 500]
    for _ in range(3):
        run("webhook", "test", "1", "--wait", "0")
    told.deliver_webhooks()
    failed = run("webhook", "deliveries", "1", "--state", "failed").stdout
    assert failed.count("500") == 3
    first = failed.splitlines()[1].split()[0]
    assert run("webhook", "retry", first).exit_code == 0
    assert run("webhook", "retry").exit_code == 2
    assert "2 messages" in run("webhook", "retry", "--all", "1").stdout
    told.deliver_webhooks()
    assert [each.state for each in told.read(queries.deliveries, installation.BY, 1).items] == ["delivered"] * 3
    assert len(receiver.got) == 6
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 3
    assert run("webhook", "retry", "--all", "7").exit_code == 1


def test_an_address_inside_the_network_is_refused(run: Run, house: Engine) -> None:  # noqa: F811
    answer = run("webhook", "add", "http://127.0.0.1:9/in", "--name", "x")
    assert answer.exit_code == 1
    assert run("webhook", "list").stdout.count("\n") == 1
