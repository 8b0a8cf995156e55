"""Webhooks: told with the event or not at all, signed, repeated, switched off at last, and never into the network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from engine import (
    AddressRefused,
    Engine,
    SecretInvalid,
    StillWaiting,
    WebhookDelivery,
    WebhookInvalid,
    access,
    outgoing,
    queries,
)


@dataclass
class Receiver:
    """A server on loopback, what it got and how it answers."""

    address: str = ""
    statuses: list[int] = field(default_factory=list)  # of the next answers; 200 when empty
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    location: str = ""

    @property
    def host(self) -> str:
        """The host and port that an operator has to allow."""
        return self.address.removeprefix("http://").removesuffix("/in")

    def told(self) -> list[dict[str, Any]]:
        """The messages that came, in the order of their ids."""
        by_id = {headers["webhook-id"]: json.loads(body) for headers, body in self.got}
        return [by_id[id] for id in sorted(by_id)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            if found.location:
                self.send_header("Location", found.location)
            self.end_headers()
            self.wfile.write("收到".encode())

        def log_message(self, *_: Any) -> None:
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.address = f"http://127.0.0.1:{server.server_port}/in"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def told(engine: Engine, receiver: Receiver) -> Engine:
    """An engine whose operator allows the receiver."""
    engine.webhook_hosts = {receiver.host}
    return engine


def report(engine: Engine, cast: Any) -> Any:
    return engine.start_case("repair", {"地点": "三楼", "情况": "灯坏了"}, by=cast.alice, unit_code="420101001")


def deliveries(engine: Engine) -> list[WebhookDelivery]:
    wanted = select(WebhookDelivery).order_by(WebhookDelivery.id)
    return engine.read(lambda session: list(session.scalars(wanted)))


def test_what_happens_in_a_case_is_told_signed_and_in_the_words_of_the_standard(
    told: Engine, cast: Any, receiver: Receiver
) -> None:
    hook = told.create_webhook(name="门户", url=receiver.address, by=cast.olga)
    case = report(told, cast)
    assert told.deliver_webhooks() == len(receiver.got) > 0
    assert [each["type"] for each in receiver.told()] == ["case.started", "task.opened"]
    first = receiver.told()[0]["data"]
    assert first["case"]["number"] == case.number
    assert first["actor"].startswith("甲")
    assert "灯坏了" not in receiver.got[0][1].decode(), "case data stay at home"
    for headers, body in receiver.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(hook.secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{signature}"
        assert int(headers["webhook-timestamp"]) == int(told.clock().timestamp())
    assert told.deliver_webhooks() == 0
    page = told.read(queries.deliveries, cast.olga, hook.id)
    assert {(row.state, row.status, row.answer) for row in page} == {("delivered", 200, "收到")}


def test_only_events_that_are_asked_for_are_told(told: Engine, cast: Any, receiver: Receiver) -> None:
    for number, wish in enumerate((
        {"kinds": ["case.started"]},
        {"kinds": ["case.closed"]},
        {"app": "machines"},
        {"process_id": "repair", "kinds": ["task.opened"]},
    )):  # fmt: skip
        told.create_webhook(name=str(number), url=receiver.address, by=cast.olga, **wish)
    report(told, cast)
    assert [(row.webhook_id, row.kind) for row in deliveries(told)] == [(1, "case.started"), (4, "task.opened")]


def test_a_case_that_is_rolled_back_is_told_to_nobody(told: Engine, cast: Any, receiver: Receiver) -> None:
    told.create_webhook(name="门户", url=receiver.address, by=cast.olga)
    with pytest.raises(RuntimeError):
        told.once(_asked(cast), lambda: (report(told, cast), _fail())[1])
    assert deliveries(told) == []


def _asked(cast: Any) -> Any:
    from engine import Asked

    return Asked(cast.alice.person_id, "k", "f")


def _fail() -> Any:
    raise RuntimeError


def test_without_webhooks_a_step_sends_no_statement_more(engine: Engine, cast: Any, statements: Any) -> None:
    report(engine, cast)
    with statements(engine) as seen:
        report(engine, cast)
    assert not [each for each in seen if "webhook" in each]


def test_an_address_that_fails_is_tried_again_after_growing_pauses_under_the_same_id(
    told: Engine, cast: Any, receiver: Receiver, clock: Any
) -> None:
    told.create_webhook(name="门户", url=receiver.address, kinds=["case.started"], by=cast.olga)
    report(told, cast)
    receiver.statuses = [500, 302]
    receiver.location = receiver.address  # a redirect is an answer like any other that is not 2xx
    assert told.deliver_webhooks() == 1
    assert told.deliver_webhooks() == 0, "not before the pause is over"
    clock.advance(seconds=6)
    assert told.deliver_webhooks() == 1
    clock.advance(seconds=299)
    assert told.deliver_webhooks() == 0
    clock.advance(seconds=2)
    assert told.deliver_webhooks() == 1
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    assert [(row.state, row.attempts) for row in deliveries(told)] == [("delivered", 3)]


def test_after_the_last_failure_a_webhook_is_off_until_an_operator_switches_it_on_and_sends_again(
    told: Engine, cast: Any, receiver: Receiver, clock: Any
) -> None:
    hook = told.create_webhook(name="门户", url=receiver.address, kinds=["case.started"], by=cast.olga)
    report(told, cast)
    receiver.statuses = [503] * 10
    for _ in range(10):
        assert told.deliver_webhooks() == 1
        clock.advance(days=1, seconds=1)
    (row,) = deliveries(told)
    assert (row.state, row.attempts, row.status) == ("failed", 10, 503)
    shown = told.read(queries.webhook, cast.olga, hook.id)
    assert (shown.is_active, shown.failed) == (False, 1)
    assert shown.trouble == "case.started: 503 收到"
    assert told.read(queries.troubled_webhooks, cast.olga) == 1
    report(told, cast)
    assert len(deliveries(told)) == 1, "what happens while it is off is not told"
    told.change_webhook(hook.id, is_active=True, by=cast.olga)
    told.send_again(row.id, by=cast.olga)
    with pytest.raises(StillWaiting):
        told.send_again(row.id, by=cast.olga)
    assert told.deliver_webhooks() == 1
    assert deliveries(told)[0].state == "delivered"
    assert told.read(queries.troubled_webhooks, cast.olga) == 0


def test_who_answers_gone_is_told_nothing_more(told: Engine, cast: Any, receiver: Receiver) -> None:
    told.create_webhook(name="门户", url=receiver.address, by=cast.olga)
    report(told, cast)
    receiver.statuses = [410, 410]
    told.deliver_webhooks()
    assert {row.state for row in deliveries(told)} == {"failed"}
    (shown,) = told.read(queries.webhooks, cast.olga)
    assert not shown.is_active


def test_a_worker_that_dies_while_sending_leaves_the_message_to_the_next(
    told: Engine, cast: Any, receiver: Receiver, clock: Any
) -> None:
    from engine import SYSTEM, webhooks

    told.create_webhook(name="门户", url=receiver.address, kinds=["case.started"], by=cast.olga)
    report(told, cast)
    assert len(told.write(SYSTEM, webhooks._claim, "first")) == 1
    assert told.deliver_webhooks("second") == 0, "it is the first one's"
    clock.advance(minutes=4)
    assert told.deliver_webhooks("second") == 1
    assert deliveries(told)[0].state == "delivered"


def test_a_webhook_can_be_tried(told: Engine, cast: Any, receiver: Receiver) -> None:
    hook = told.create_webhook(name="门户", url=receiver.address, by=cast.olga)
    told.change_webhook(hook.id, is_active=False, by=cast.olga)
    told.ping_webhook(hook.id, by=cast.olga)
    told.deliver_webhooks()
    assert [each["type"] for each in receiver.told()] == ["webhook.ping"]
    told.remove_webhook(hook.id, by=cast.olga)
    assert deliveries(told) == []


def test_nobody_but_operators_manages_webhooks(told: Engine, cast: Any, receiver: Receiver) -> None:
    hook = told.create_webhook(name="门户", url=receiver.address, by=cast.olga)
    for forbidden in (
        lambda: told.create_webhook(name="x", url=receiver.address, by=cast.bob),
        lambda: told.change_webhook(hook.id, name="x", by=cast.bob),
        lambda: told.remove_webhook(hook.id, by=cast.bob),
        lambda: told.ping_webhook(hook.id, by=cast.bob),
        lambda: told.read(queries.webhooks, cast.bob),
        lambda: told.read(queries.deliveries, cast.bob, hook.id),
    ):
        with pytest.raises(access.OperatorsOnly):
            forbidden()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/in", "ftp://example.com/", "https://", "/in", "https://127.0.0.1/", "https://[::1]/",
        "https://10.0.0.7/", "https://169.254.169.254/latest", "https://localhost/", "https://db.internal/",
        "https://user:secret@example.com/", "https://example.com/a b", "https://example.com:99999/",
        "https://[::ffff:192.168.1.1]/", "https://0.0.0.0/",
    ],
)  # fmt: skip
def test_an_address_inside_the_network_or_without_https_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        outgoing.check(url)


def test_a_name_that_leads_inside_is_found_out_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = [(2, 1, 6, "", ("192.168.1.20", 443))]
    monkeypatch.setattr(outgoing.socket, "getaddrinfo", lambda *_args, **_kwargs: inside)
    answer = outgoing.send("https://example.com/in", _secret(), "id", "{}", now=0)
    assert answer.status is None
    assert "inside this network" in answer.text


def _secret() -> str:
    return "whsec_" + base64.b64encode(b"x" * 32).decode()


def test_the_signature_is_that_of_the_standard() -> None:
    # the example of the Standard Webhooks specification
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = '{"test": 2432232314}'
    found = outgoing.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["short", "whsec_eA==", "whsec_%%%", base64.b64encode(b"x" * 32).decode()])
def test_a_weak_secret_is_refused(told: Engine, cast: Any, receiver: Receiver, secret: str) -> None:
    with pytest.raises(SecretInvalid):
        told.create_webhook(name="x", url=receiver.address, secret=secret, by=cast.olga)


def test_an_unknown_event_is_named(told: Engine, cast: Any, receiver: Receiver) -> None:
    with pytest.raises(WebhookInvalid, match=r"case\.exploded"):
        told.create_webhook(name="x", url=receiver.address, kinds=["case.exploded"], by=cast.olga)


def test_what_people_do_with_tasks_is_told_by_its_name(told: Engine, cast: Any, receiver: Receiver) -> None:
    case = report(told, cast)
    told.create_webhook(name="门户", url=receiver.address, by=cast.olga)

    def task() -> Any:
        return next(each for each in told.read(queries.case, cast.olga, case.id).tasks if each.state == "open")

    told.claim_task(task().id, by=cast.bob)
    told.release_task(task().id, by=cast.bob)
    told.urge_task(task().id, by=cast.alice)
    told.delegate_task(task().id, "bella", by=cast.bob)
    told.resolve_task(task().id, by=cast.bella, note="已看")
    told.transfer_task(task().id, "bella", by=cast.bob)
    [sign] = told.add_signs(task().id, ["diana"], by=cast.bella, when="after")
    told.complete_task(task().id, by=cast.bella, data={"处理": "换管"}, outcome="修好")
    told.sign_task(sign.id, by=cast.diana)
    told.return_task(task().id, "fix", by=cast.bob, reason="没修好")
    told.set_active("bella", False, by=cast.olga)
    told.cancel_case(case.id, by=cast.olga, reason="误报")
    kinds = [row.kind.removeprefix("task.") for row in deliveries(told)]
    assert kinds == [
        "claimed", "released", "urged", "delegated", "resolved", "transferred", "signs_added", "submitted", "signed",
        "completed", "opened", "returned", "withdrawn", "opened", "requeued", "case.cancelled", "withdrawn",
    ]  # fmt: skip
