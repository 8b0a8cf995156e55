"""Which version of a decision model is in force on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from .errors import NoVersionInForce
from .model import Model


def in_force(models: Iterable[Model], day: date) -> Model:
    """This will return the version in force on `day`: of those that have begun and not ended, the one begun last.

    A model without effectiveFrom has always been in force; of two that began on one day the later in `models` wins.
    Raises NoVersionInForce.
    """
    chosen: Model | None = None
    for model in models:
        begun = model.effective_from or date.min
        if begun > day or (model.effective_to is not None and model.effective_to < day):
            continue
        if chosen is None or begun >= (chosen.effective_from or date.min):
            chosen = model
    if chosen is None:
        raise NoVersionInForce(day=day.isoformat())
    return chosen
