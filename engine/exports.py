"""The history of one case as JSON that anybody can verify without us; the rule stands in docs/audit.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from engine import anchors, audit, merkle
from engine.anchors import AnchorBroken, Printed, moment
from engine.cases import CaseNotFound
from engine.errors import Invalid
from engine.history import EVENTS, HistoryBroken, digest
from engine.models import Case, DeletedCase

FORMAT = "bihuan-history"
FORMAT_VERSION = 1
SHOWN = ("seq", "at", "kind", "actor_id", "actor", "origin", "element", "name", "task_id", "detail", "hash")

Data = dict[str, Any]


class DocumentInvalid(Invalid):
    """This is not an exported history."""


def document(session: Session, id: UUID) -> Data:
    """This will return the history of a case, its head and its anchors as JSON. Raises CaseNotFound."""
    case = session.get(Case, id) or session.get(DeletedCase, id)
    if case is None:
        raise CaseNotFound
    asked = select(EVENTS).where(EVENTS.c.case_id == id).order_by(EVENTS.c.seq)
    events = [_event(row) for row in session.execute(asked).mappings()]
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "case": {"id": str(id), "number": case.number, "process_id": case.process_id},
        "head": {"seq": case.history_seq, "hash": case.history_hash},
        "events": events,
        "anchors": anchors.proof(session, id),
    }


def _event(row: RowMapping) -> Data:
    event = {name: row[name] for name in SHOWN}
    event["at"] = moment(row["at"])
    event["task_id"] = str(row["task_id"]) if row["task_id"] else None
    return event


def verify_document(document: Data, printed: Printed | None = None) -> int:
    """This will verify an exported history by nothing but itself, and a `printed` line, and count its events.

    Raises DocumentInvalid, HistoryBroken, AnchorBroken.
    """
    try:
        if document["format"] != FORMAT:
            raise DocumentInvalid
        count = _verify_events(document)
        for anchor in document["anchors"]:
            _verify_anchor(document, anchor)
        if printed is not None:
            _require_printed(document, printed)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DocumentInvalid from error
    return count


def _verify_events(document: Data) -> int:
    case, last = document["case"], ""
    for count, event in enumerate(document["events"], start=1):
        row = {**event, "case_id": UUID(case["id"]), "at": datetime.fromisoformat(event["at"])}
        if event["seq"] != count:
            raise HistoryBroken(case=case["number"], seq=count, reason=audit.MISSING)
        last = digest(last, row)
        if last != event["hash"]:
            raise HistoryBroken(case=case["number"], seq=count, reason=audit.CHANGED)
    head = document["head"]
    if document["events"] and (head["seq"] != len(document["events"]) or head["hash"] != last):
        raise HistoryBroken(case=case["number"], seq=len(document["events"]), reason=audit.HEAD_CHANGED)
    return len(document["events"])


def _verify_anchor(document: Data, anchor: Data) -> None:
    case, said = document["case"], anchors.read_line(anchor["line"])
    leaf = anchors.leaf(UUID(case["id"]), anchor["number"], anchor["seq"], anchor["hash"], anchor["is_deleted"])
    if merkle.root_by_path(leaf, anchor["index"], said.cases, anchor["path"]) != anchor["root"]:
        raise AnchorBroken(anchor=said.number, reason="its cases were changed, removed or added")
    made_at = datetime.fromisoformat(said.made_at)
    if anchors.digest(anchor["previous"], said.number, made_at, said.cases, said.events, anchor["root"]) != said.digest:
        raise AnchorBroken(anchor=said.number, reason="its row was changed")
    events = document["events"]
    if events and (len(events) < anchor["seq"] or events[anchor["seq"] - 1]["hash"] != anchor["hash"]):
        raise HistoryBroken(case=case["number"], seq=anchor["seq"], reason=audit.ANCHORED_OTHERWISE)


def _require_printed(document: Data, printed: Printed) -> None:
    lines = [anchors.read_line(anchor["line"]) for anchor in document["anchors"]]
    if printed.digest not in {line.digest for line in lines}:
        raise AnchorBroken(anchor=printed.number, reason="its printed line has another digest")
