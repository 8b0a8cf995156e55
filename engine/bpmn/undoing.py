"""Taking back a completed task: what its step did to the tokens and data of its case, and how that is undone.

A trace is kept only while everything that the step brought about stands untouched, so it is small and goes by itself:
`made` are the tokens that came, `gone` the rows of those that went, `was` and `data` the values that were overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import compress, filterfalse, repeat
from operator import is_not
from typing import Any

from engine.bpmn import adhoc
from engine.bpmn.outcome import ActivityOffered, State, TimerOpened
from engine.bpmn.run import Run
from engine.bpmn.stimuli import Data, TakeBack
from engine.bpmn.tokens import Token, TokenGone
from engine.bpmn.waiting import await_event, await_plainly

Trace = dict[str, Any]
Row = list[Any]
ID, PARENT, KIND, ELEMENT, LOCAL, INFO, DOC = range(7)
MOST = 10  # traces that a case keeps, the newest
_MISSING = object()


def _rows(state: State) -> dict[int, Row]:
    """All rows; the root, which is written only when there is something to say of it, too."""
    return {0: [0, None, "case", None, None, None, None]} | {row[ID]: row for row in state["tokens"]}


def trace(token: int, before: State, after: State, data: Data, new_data: Data) -> Trace | None:
    """This will tell how to undo the step that completed the task at `token`; None: it cannot be undone.

    It cannot when it ended what stood still for an operator, or the call of a listener.
    """
    old, new = _rows(before), _rows(after)
    gone = [row for id, row in old.items() if id not in new or id == token]
    if any(row[INFO] and ("incident" in row[INFO] or "listens" in row[INFO]) for row in gone):
        return None
    made = [id for id in new if id not in old or id == token]
    lost = {row[ID] for row in gone}
    found: Trace = {"token": token, "made": made, "gone": gone, **_overwritten(data, new_data)}
    found["on"] = sorted({row[PARENT] for row in gone} - lost)
    was = {str(id): _changed(old[id], new[id]) for id in old if id in new and id != token and old[id] != new[id]}
    if was:
        found["was"] = was
    return found


def _overwritten(old: Data | None, new: Data | None) -> Trace:
    old, new = old or {}, new or {}
    # What a step does not touch is the very same object: of a large document only the rest is worth comparing.
    touched = compress(old, map(is_not, map(new.get, old, repeat(_MISSING)), old.values()))
    data = {name: old[name] for name in touched if new.get(name, _MISSING) != old[name]}
    return {"data": data, "new": list(filterfalse(old.__contains__, new))}


def _changed(old: Row, new: Row) -> Trace:
    """What a step changed at a token that stays. The counters of a multi-instance are kept as what was added."""
    found: Trace = {}
    for name, place in (("local", LOCAL), ("doc", DOC)):
        if old[place] != new[place]:
            found[name] = _overwritten(old[place], new[place])
    if old[INFO] != new[INFO]:
        found["info"] = _counted(old[INFO] or {}, new[INFO] or {}) if old[KIND] == "body" else {
            "old": old[INFO], "new": new[INFO]
        }  # fmt: skip
    return found


def _counted(old: Data, new: Data) -> Data:
    added = {
        name: new.get(name, 0) - value
        for name, value in old.items()
        if isinstance(value, int) and new.get(name, 0) != value
    }
    results = zip(old.get("out", ()), new.get("out", ()), strict=True)
    found = {"added": added, "out": [index for index, (was, now) in enumerate(results) if was != now]}
    records = new.get("completed", [])[len(old.get("completed", [])) :]
    return {**found, "records": records} if records else found


def keep(traces: Iterable[Trace], before: State | None, after: State, data: Data, new_data: Data) -> list[Trace]:
    """This will return the traces that a step leaves possible to undo; what it wrote itself stays as it is then."""
    standing = _rows(after)
    old = _rows(before) if before else {}
    found = [each for each in traces if standing.keys() >= {*each["made"], *each["on"]}]
    return [each for each in found if _outlive(each, old, standing, data, new_data)][-MOST:]


def _outlive(found: Trace, old: dict[int, Row], new: dict[int, Row], data: Data, new_data: Data) -> bool:
    _forget(found, data, new_data)
    for id, was in found.get("was", {}).items():
        before, after = old.get(int(id)), new.get(int(id))
        if before is None or after is None:
            return False
        for name, place in (("local", LOCAL), ("doc", DOC)):
            if name in was:
                _forget(was[name], before[place], after[place])
        if "old" in was.get("info", ()) and before[INFO] != after[INFO]:
            return False
    return True


def _forget(was: Trace, old: Data | None, new: Data | None) -> None:
    old, new = old or {}, new or {}

    def is_same(name: str) -> bool:
        return bool(old.get(name, _MISSING) == new.get(name, _MISSING))

    was["data"] = {name: value for name, value in was["data"].items() if is_same(name)}
    was["new"] = [name for name in was["new"] if is_same(name)]


def take_back(run: Run, stimulus: TakeBack) -> None:
    """This will undo a step: what it made goes, what it ended stands again, with the same tokens and values.

    Raises TokenGone when something of it cannot stand again.
    """
    undone = stimulus.trace
    tree = run.tree
    kept: dict[int, bool] = {}
    for id in sorted(undone["made"], reverse=True):
        token = tree.tokens.get(id)
        if token is not None:
            kept[token.above.id] = kept.get(token.above.id, False) or "kept" in token.info
            run.remove(token, True)
        elif id == undone["token"]:
            raise TokenGone(token=id)
    for id, was in undone.get("was", {}).items():
        _restore(tree.tokens[int(id)], was)
    _put_back(tree.root.doc, undone)
    back = [tree.restore(row, run.host) for row in sorted(undone["gone"], key=lambda row: row[ID])]
    for token in back:
        _mark(token, kept.get(token.above.id))
        if "open" in token.info:
            _open(run, token, stimulus.pause)


def _mark(token: Token, is_kept: bool | None) -> None:
    """A branch that a return has kept since, or has met again since, is marked as what came of it was."""
    if is_kept:
        token.info["kept"] = 1
    elif is_kept is not None or "kept" not in token.above.info:
        token.info.pop("kept", None)


def _restore(token: Token, was: Trace) -> None:
    if "local" in was:
        _put_back(token.local, was["local"])
    if "doc" in was:
        _put_back(token.doc, was["doc"])
    info = was.get("info", {})
    if "old" in info:
        token.info = dict(info["old"] or {})
    for name, value in info.get("added", {}).items():
        token.info[name] -= value
    for record in info.get("records", ()):
        kept = list(token.info.pop("completed", ()))
        if record in kept:
            kept.remove(record)
        if kept:
            token.info["completed"] = kept
    for index in info.get("out", ()):
        token.info["out"] = [None if n == index else value for n, value in enumerate(token.info["out"])]


def _put_back(document: Data | None, was: Trace) -> None:
    if document is None:
        return
    document.update(was["data"])
    for name in was["new"]:
        document.pop(name, None)


def _open(run: Run, token: Token, pause: timedelta) -> None:
    """Waits again for what `token` waited for; a timer for the moment that it was set to, later by a suspension."""
    node = token.node
    known: dict[str, Any] = {"token": token.id, "element": node.id, "name": node.name, "process_key": token.key}
    if node.type == "adHocSubProcess" and token.kind == "act":
        for each in adhoc.offered(token):
            run.open(token, ActivityOffered(**{**known, "element": each.id, "name": each.name}))
    elif node.type == "userTask" and token.kind == "act":
        return  # its row is opened again by who keeps it
    elif node.call is not None or (node.event is not None and node.event.kind == "timer" and token.info["open"] == 1):
        raise TokenGone(token=token.id)  # a service call that was ended, or a timer of which nobody knows any more
    elif node.event is None:
        await_plainly(run, token)
    elif node.event.kind == "timer":
        run.open(token, TimerOpened(**known, due_at=datetime.fromisoformat(token.info["open"]) + pause))
    elif node.event.kind in ("message", "signal"):
        await_event(run, token, node.event)


def tokens(undone: Trace) -> Iterator[int]:
    """This will go through the tokens that stand again after the step was undone."""
    return (row[ID] for row in undone["gone"])
