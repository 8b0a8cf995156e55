"""Conditions at the start of processes: nobody looks at them until a program asks, with the variables that they see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import feel, singles, starting
from engine.access import require_system
from engine.definitions import ProcessNotFound
from engine.errors import BihuanError
from engine.models import Case
from engine.turn import Turn


def begin(turn: Turn, data: Mapping[str, Any], *, process_id: str | None = None) -> list[Case]:
    """This will begin a case at every conditional start event whose condition is true of `data`, as in Camunda 8.

    Of all processes or of one, always of the newest version; null, or what fails, is not true. Raises SystemsOnly,
    ProcessNotFound.
    """
    require_system(turn.by)
    if process_id is not None and turn.catalog.process(process_id) is None:
        raise ProcessNotFound(process=process_id)
    begun = []
    for key in sorted(turn.catalog.processes) if process_id is None else [process_id]:
        for element in _true(turn, key, data):
            listed = turn.catalog.processes[key][-1]
            given = feel.to_json(dict(data))
            matter = singles.filled(turn, turn.library.app(listed.app), listed, given).key
            if matter is None or singles.open_case(turn, key, matter) is None:
                begun.append(starting.start_case(turn, listed, given, element=element).as_case())
    return begun


def _true(turn: Turn, process_id: str, data: Mapping[str, Any]) -> list[str]:
    listed = turn.catalog.processes[process_id][-1]
    starts = turn.library.process(turn.session, listed.id).starts
    found = []
    for start in starts:
        condition = start.event.expression.feel if start.event is not None and start.event.expression else None
        if start.kind == "conditional" and condition is not None:
            environment = turn.surroundings(turn.library.app(listed.app), listed.id).environment(turn.now)
            try:
                if condition.evaluate(dict(data), environment) is True:
                    found.append(start.element)
            except BihuanError:
                continue
    return found
