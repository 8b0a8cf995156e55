"""The history of one case as JSON that anybody can verify without us; the rule stands in docs/audit.md."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from engine import anchors, audit, merkle
from engine.anchors import AnchorBroken, Printed, moment
from engine.cases import CaseNotFound
from engine.errors import Invalid
from engine.history import EVENTS, HistoryBroken, digest, length
from engine.models import Case, DeletedCase

FORMAT = "bihuan-history"
FORMAT_VERSION = 2
SHOWN = ("seq", "at", "kind", "actor_id", "actor", "origin", "element", "name", "task_id", "detail", "followed",
         "hash")  # fmt: skip

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
        ends = _verify_events(document)
        for anchor in document["anchors"]:
            _verify_anchor(document, anchor, ends)
        if printed is not None:
            _require_printed(document, printed)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DocumentInvalid from error
    return max(ends, default=0)


def _verify_events(document: Data) -> dict[int, str]:
    """The hash after each row, by the last event that stands in it."""
    case, last, count = document["case"], "", 0
    ends = {}
    for event in document["events"]:
        row = _row(document, event)
        if row["seq"] != count + 1:
            raise HistoryBroken(case=case["number"], seq=count + 1, reason=audit.MISSING)
        last = digest(last, row)
        if last != row["hash"]:
            raise HistoryBroken(case=case["number"], seq=count + 1, reason=audit.CHANGED)
        count += length(row)
        ends[count] = last
    head = document["head"]
    if document["events"] and (head["seq"] != count or head["hash"] != last):
        raise HistoryBroken(case=case["number"], seq=count, reason=audit.HEAD_CHANGED)
    return ends


def _row(document: Data, event: Data) -> Data:
    """What was hashed; documents of version 1 are of histories in which nothing followed."""
    at = datetime.fromisoformat(event["at"])
    return {"followed": "", **event, "case_id": UUID(document["case"]["id"]), "at": at}


def _verify_anchor(document: Data, anchor: Data, ends: Mapping[int, str]) -> None:
    case, said = document["case"], anchors.read_line(anchor["line"])
    leaf = anchors.leaf(UUID(case["id"]), anchor["number"], anchor["seq"], anchor["hash"], anchor["is_deleted"])
    if merkle.root_by_path(leaf, anchor["index"], said.cases, anchor["path"]) != anchor["root"]:
        raise AnchorBroken(anchor=said.number, reason="its cases were changed, removed or added")
    made_at = datetime.fromisoformat(said.made_at)
    if anchors.digest(anchor["previous"], said.number, made_at, said.cases, said.events, anchor["root"]) != said.digest:
        raise AnchorBroken(anchor=said.number, reason="its row was changed")
    if ends and ends.get(anchor["seq"]) != anchor["hash"]:
        raise HistoryBroken(case=case["number"], seq=anchor["seq"], reason=audit.ANCHORED_OTHERWISE)


def _require_printed(document: Data, printed: Printed) -> None:
    lines = [anchors.read_line(anchor["line"]) for anchor in document["anchors"]]
    if printed.digest not in {line.digest for line in lines}:
        raise AnchorBroken(anchor=printed.number, reason="its printed line has another digest")
