"""What people are told: reminders, warnings, and what was done above them; the sentence is chosen by its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, insert

from engine import feel
from engine.db import table
from engine.models import Notice, new_id
from engine.prepared import Change, Prepared
from engine.sentences import N_
from engine.turn import Turn

Data = dict[str, Any]
NOTICES = table(Notice)
LIMIT_NEAR, LIMIT_OVER, TOLD_OF_LIMIT = "limit_near", "limit_over", "told_of_limit"
SENTENCES: Final = {
    LIMIT_NEAR: N_("“{limit}” ends on {due}: please see to it in time."),
    LIMIT_OVER: N_("“{limit}” ended on {due} and is exceeded: please act now."),
    TOLD_OF_LIMIT: N_("“{limit}” (due {due}) of a case that you oversee: {name}."),
}
_INSERT = Prepared(
    insert(NOTICES).values({column.name: bindparam(column.name, type_=column.type) for column in NOTICES.c})
)


def tell(
    turn: Turn,
    persons: Iterable[int],
    kind: str,
    *,
    case: Mapping[str, Any],
    task_id: UUID | None = None,
    detail: Mapping[str, Any],
) -> list[Change]:
    """This will tell how to write a notice to each of `persons` about a case."""
    row = {
        "kind": kind,
        "case_id": case["id"],
        "task_id": task_id,
        "case_number": case["number"],
        "case_title": case["title"],
        "detail": feel.dumps(dict(detail)),
        "made_at": turn.now,
        "read_at": None,
    }
    return [Change(_INSERT, {**row, "id": new_id(), "person_id": person}) for person in dict.fromkeys(persons)]
