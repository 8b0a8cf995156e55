"""What leaves the house: a history that proves itself, and logs that programs for process mining read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from engine import SYSTEM, Engine, OperatorsOnly, anchors, exports
from engine.anchors import AnchorBroken
from engine.exports import DocumentInvalid
from engine.history import HistoryBroken
from engine.mining import Chosen

XES = "{http://www.xes-standard.org/}"
KINDS = ("string", "date", "int", "float", "boolean", "id", "list", "container")
TRANSITIONS = ("schedule", "assign", "withdraw", "reassign", "start", "suspend", "resume", "pi_abort", "ate_abort",
               "complete", "autoskip", "manualskip", "unknown")  # fmt: skip


@pytest.fixture
def cases(engine: Engine, cast: Any, clock: Any) -> list[Any]:
    """A closed case with an anchor before and after its end, and two of other processes the day after."""
    case = engine.start_case("repair", {"地点": '三楼<&>"', "情况": "漏水\x0b"}, by=cast.alice)
    engine.anchor(by=cast.olga)
    tasks = engine.read(lambda session: [(row.id) for row in session.execute(_tasks(case.id))])
    engine.complete_task(tasks[0], by=cast.bob, data={"处理": "换管"}, outcome="修好")
    clock.advance(days=1)
    others = [
        engine.start_case(name, {"number": 1}, by=cast.alice, unit_code="420101") for name in ("parallel", "calling")
    ]
    engine.anchor(by=cast.olga)
    return [case, *others]


def _tasks(case_id: Any) -> Any:
    from sqlalchemy import select

    from engine import Task

    return select(Task.id).where(Task.case_id == case_id)


def test_an_exported_history_proves_itself_with_its_anchors(engine: Engine, cast: Any, cases: list[Any]) -> None:
    document = json.loads(json.dumps(engine.export_history(cases[0].id, by=cast.olga)))
    assert exports.verify_document(document) == document["head"]["seq"] == 8
    assert (len(document["events"]), document["format_version"]) == (4, 2), "what came by itself stands with its cause"
    assert [anchor["seq"] for anchor in document["anchors"]] == [4, document["head"]["seq"]]
    printed = anchors.read_line(anchors.line(engine.anchors(by=cast.olga)[0]))
    assert exports.verify_document(document, printed)
    other = replace(printed, digest=printed.digest[::-1])
    with pytest.raises(AnchorBroken):
        exports.verify_document(document, other)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_changed_export_is_found(engine: Engine, cast: Any, cases: list[Any]) -> None:
    whole = json.dumps(engine.export_history(cases[0].id, by=SYSTEM))

    def changed(change: Any) -> Any:
        document = json.loads(whole)
        change(document)
        return document

    for change in (
        lambda document: document["events"][1].update(actor="x"),
        lambda document: document["events"][2].update(detail='{"a":1}'),
        lambda document: document["events"].pop(1),
        lambda document: document["events"].pop(),
        lambda document: document["head"].update(hash="x"),
    ):
        with pytest.raises(HistoryBroken):
            exports.verify_document(changed(change))
    for change in (
        lambda document: document["anchors"][0]["path"].append("00" * 32),
        lambda document: document["anchors"][1].update(index=5),
        lambda document: document["anchors"][1].update(previous="00"),
        lambda document: document["anchors"][0].update(seq=1),
    ):
        with pytest.raises(AnchorBroken):
            exports.verify_document(changed(change))
    for document in ({}, [], {"format": "bihuan-history"}, changed(lambda each: each["events"][0].pop("kind"))):
        with pytest.raises(DocumentInvalid):
            exports.verify_document(document)


def test_only_operators_export(engine: Engine, cast: Any, cases: Any) -> None:
    with pytest.raises(OperatorsOnly):
        engine.export_history(cases[0].id, by=cast.alice)
    with pytest.raises(OperatorsOnly):
        engine.export_log(Chosen(), by=cast.bob)


def require_xes(text: str) -> Any:
    """Holds a log against IEEE 1849: order of the elements, typed attributes with keys, declared extensions."""
    log = etree.fromstring(text.encode())
    assert log.tag == f"{XES}log"
    assert log.get("xes.version") == "1849-2016"
    order = ["extension", "global", "classifier", *KINDS, "trace"]
    places = [order.index(each.tag.removeprefix(XES)) for each in log]
    assert places == sorted(places)
    prefixes = {each.get("prefix") for each in log.findall(f"{XES}extension")}
    for attribute in log.iterfind(".//*[@key]"):
        assert attribute.tag.removeprefix(XES) in KINDS
        assert attribute.get("value") is not None
        assert ":" not in attribute.get("key") or attribute.get("key").split(":")[0] in prefixes
    for event in log.iterfind(f".//{XES}event"):
        found = values(event)
        assert {"concept:name", "time:timestamp", "lifecycle:transition"} <= found.keys()
        assert found["lifecycle:transition"] in TRANSITIONS
        assert datetime.fromisoformat(found["time:timestamp"]).tzinfo is not None
    return log


def values(element: Any) -> dict[str, str]:
    return {each.get("key"): each.get("value") for each in element if each.get("key")}


def test_xes_reads_back_as_what_happened(engine: Engine, cast: Any, cases: list[Any], clock: Any) -> None:
    log = require_xes("".join(engine.export_log(Chosen(), by=cast.olga)))
    traces = {values(trace)["concept:name"]: trace for trace in log.findall(f"{XES}trace")}
    assert set(traces) == {case.number for case in cases}
    events = [values(event) for event in traces[cases[0].number].findall(f"{XES}event")]
    [done] = [
        event for event in events if event.get("element") == "fix" and event["lifecycle:transition"] == "complete"
    ]
    assert (done["org:resource"], done["org:role"]) == ("乙@某县应急管理局", "officer")
    assert done["time:timestamp"] == "2026-03-02T01:00:00.000+00:00"
    assert [event["time:timestamp"] for event in events] == sorted(event["time:timestamp"] for event in events)
    some = require_xes("".join(engine.export_log(Chosen(process_id="parallel"), by=cast.olga)))
    assert len(some.findall(f"{XES}trace")) == 1
    late = Chosen(since=clock.now - timedelta(hours=1), has_names=False)
    text = "".join(engine.export_log(late, by=cast.olga))
    assert len(require_xes(text).findall(f"{XES}trace")) == 2
    assert "甲" not in text
    none = Chosen(until=datetime(2020, 1, 1, tzinfo=UTC))
    assert require_xes("".join(engine.export_log(none, by=cast.olga))).findall(f"{XES}trace") == []


def require_ocel(text: str) -> Any:
    """Holds a log against the JSON schema of OCEL 2.0: four lists, declared types and attributes, known objects."""
    log = json.loads(text)
    assert set(log) == {"objectTypes", "eventTypes", "objects", "events"}
    types = {
        what: {each["name"]: {one["name"]: one["type"] for one in each["attributes"]} for each in log[what]}
        for what in ("objectTypes", "eventTypes")
    }
    ids = [each["id"] for each in log["objects"]]
    assert len(ids) == len(set(ids))
    assert len({each["id"] for each in log["events"]}) == len(log["events"])
    for what, declared in (("objects", types["objectTypes"]), ("events", types["eventTypes"])):
        for each in log[what]:
            known = declared[each["type"]]
            assert {attribute["name"] for attribute in each["attributes"]} <= known.keys()
            assert set(known.values()) <= {"string", "time", "integer", "float", "boolean"}
            for related in each["relationships"]:
                assert related["objectId"] in ids
                assert related["qualifier"]
            moments = [each["time"]] if what == "events" else [one["time"] for one in each["attributes"]]
            assert all(datetime.fromisoformat(moment).tzinfo for moment in moments)
    return log


def test_ocel_reads_back_as_what_happened(engine: Engine, cast: Any, cases: list[Any]) -> None:
    log = require_ocel("".join(engine.export_log(Chosen(), by=cast.olga, is_ocel=True)))
    kinds = [each["type"] for each in log["objects"]]
    assert (kinds.count("case"), kinds.count("task")) == (3, 4)
    [done] = [
        event for event in log["events"]
        if {"name": "element", "value": "fix"} in event["attributes"]
        and {"name": "lifecycle", "value": "complete"} in event["attributes"]
    ]  # fmt: skip
    assert {related["qualifier"] for related in done["relationships"]} == {"in", "of", "by"}
    none = Chosen(process_id="nothing", has_names=False)
    assert require_ocel("".join(engine.export_log(none, by=SYSTEM, is_ocel=True)))["events"] == []
