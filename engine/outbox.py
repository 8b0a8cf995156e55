"""What webhooks are to be told, written with the step that brings it about; who sends it is `webhooks`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select

from engine import feel
from engine.db import new_id
from engine.models import Webhook

Row = Mapping[str, Any]
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"

# kind of an event for the world outside <- kind in the history; what stands nowhere here is nobody's business
OF_CASE = {
    "started": "case.started",
    "ended": "case.closed",
    "cancelled": "case.cancelled",
    "suspended": "case.suspended",
    "resumed": "case.resumed",
    "migrated": "case.migrated",
    "data_changed": "case.data_changed",
    "commented": "case.commented",
    "incident": "incident.raised",
    "resolved": "incident.resolved",
    "retried": "incident.resolved",
    "limit_started": "limit.started",
    "limit_exceeded": "limit.exceeded",
}
OF_TASK = {
    "entered": "task.opened",
    "claimed": "task.claimed",
    "released": "task.released",
    "completed": "task.completed",
    "withdrawn": "task.withdrawn",
    "delegated": "task.delegated",
    "given_back": "task.resolved",
    "called_back": "task.resolved",
    "transferred": "task.transferred",
    "requeued": "task.requeued",
    "sent_back": "task.returned",
    "submitted": "task.submitted",
    "taken_back": "task.taken_back",
    "urged": "task.urged",
    "signs_added": "task.signs_added",
    "signed": "task.signed",
}
PING = "webhook.ping"  # sent when an operator tries a webhook
KINDS = tuple(sorted({*OF_CASE.values(), *OF_TASK.values()}))


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A webhook as the directory knows it: whom to tell what."""

    id: int
    kinds: frozenset[str]
    app: str
    process_id: str

    def wants(self, kind: str, case: Row) -> bool:
        """This will tell whether an event of a case is to be sent."""
        return (
            (not self.kinds or kind in self.kinds)
            and self.app in ("", case["app"])
            and self.process_id in ("", case["process_id"])
        )


def subscribers() -> Select[Any]:
    """This will select the webhooks that are on, for the directory to keep."""
    columns: tuple[Any, ...] = (Webhook.id, Webhook.kinds, Webhook.app, Webhook.process_id)
    return select(*columns).where(Webhook.is_active).order_by(Webhook.id)


def subscriber(row: Any) -> Subscriber:
    """This will return what the directory keeps of a row of `subscribers`."""
    return Subscriber(row.id, frozenset(row.kinds.split()), row.app, row.process_id)


def deliveries(known: Sequence[Subscriber], case: Row, events: Iterable[Row], now: datetime) -> list[dict[str, Any]]:
    """This will return the row of a delivery for each webhook that wants an event; without webhooks it costs nothing.

    `events` are those that go into the history of `case`.
    """
    if not known:
        return []
    return [
        delivery(each.id, kind, body(kind, case, event), now, case_id=case["id"])
        for event, kind in _told(case, events)
        for each in known
        if each.wants(kind, case)
    ]


def _told(case: Row, events: Iterable[Row]) -> Iterator[tuple[Row, str]]:
    is_cancelled = case["state"] == "cancelled"
    for event in events:
        of_task = OF_TASK.get(event["kind"]) if event["task_id"] is not None else None
        kind = of_task or OF_CASE.get(event["kind"])
        is_inside = event["kind"] in ("started", "ended") and event["element"] != case["process_id"]
        if kind is None or is_inside or (kind == "case.closed" and is_cancelled):
            continue
        yield event, kind


def delivery(webhook_id: int, kind: str, body: str, now: datetime, *, case_id: Any = None) -> dict[str, Any]:
    """This will return the row of a message that waits to be sent."""
    return {
        "id": new_id(),
        "webhook_id": webhook_id,
        "case_id": case_id,
        "kind": kind,
        "body": body,
        "created_at": now,
        "state": WAITING,
        "due_at": now,
        "attempts": 0,
        "answer": "",
    }


def body(kind: str, case: Row, event: Row) -> str:
    """This will write the message of an event: type, time and what it is about, as Standard Webhooks has it.

    Case data stay at home: who needs them asks the API with the id.
    """
    detail = feel.loads(event["detail"]) if isinstance(event["detail"], str) else event["detail"]
    reason = detail.get("reason") or detail.get("text")
    data: dict[str, Any] = {
        "case": {
            "id": str(case["id"]),
            "number": case["number"],
            "title": case["title"],
            "app": case["app"],
            "process_id": case["process_id"],
            "state": case["state"],
        },
        "seq": event["seq"],
        "actor": event["actor"],
        "element": event["element"],
        "name": event["name"],
        "task_id": str(event["task_id"]) if event["task_id"] else None,
        "reason": str(reason) if reason else None,
    }
    return message(kind, data, event["at"])


def message(kind: str, data: Mapping[str, Any], at: datetime) -> str:
    """This will write a message as it goes over the wire."""
    told = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
