"""What a person sends with a form: checked by the form, its attachments bound to the case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from engine import feel, registers
from engine.definitions import Surroundings
from engine.form_fields import value_at
from engine.form_reading import FormField
from engine.turn import Turn

Data = dict[str, Any]


def check(
    turn: Turn,
    resource_id: int | None,
    sent: Mapping[str, Any],
    *,
    outcome: str | None,
    case: Mapping[str, Any],
    around: Surroundings,
    locale: str = "zh",
) -> tuple[Data, list[UUID]]:
    """This will return what is to be merged into the case data and the attachments it names. Raises FormInvalid.

    Without a form (a task that only has a button) nothing is taken from the person.
    """
    if resource_id is None:
        return {}, []
    form = turn.library.form(turn.session, resource_id)
    cleaned = form.load(
        sent,
        outcome=outcome,
        locale=locale,
        case=case,
        environment=around.environment(turn.now),
        known=registers.known(turn.session, turn.now),
    )
    return feel.to_json(cleaned), [UUID(id) for id in _attachments(form.holders, cleaned)]


def _attachments(holders: Sequence[FormField], data: Any) -> Iterator[str]:
    for field in holders:
        value = value_at(data, field.path)
        if field.type == "filepicker" and value:
            yield from value if isinstance(value, list) else [value]
        elif field.fields and isinstance(value, list):
            for row in value:
                yield from _attachments(field.fields, row)
