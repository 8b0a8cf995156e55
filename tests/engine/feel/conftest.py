"""One moment and one way to evaluate for all tests of FEEL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from engine import feel

# 2026-11-22, 00:30 in Shanghai: the day there is not the day of UTC
MOMENT = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
Evaluate = Callable[..., Any]


@pytest.fixture
def environment() -> feel.Environment:
    return feel.Environment(MOMENT)


@pytest.fixture
def value(environment: feel.Environment) -> Evaluate:
    """Evaluates a text with variables and returns what JSON would keep."""

    def evaluate(text: str, **variables: Any) -> Any:
        return feel.to_json(feel.parse(text).evaluate(variables, environment))

    return evaluate
