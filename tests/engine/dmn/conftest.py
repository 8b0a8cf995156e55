"""One way to decide for all tests of DMN."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from engine import dmn, feel

Decide = Callable[..., Any]
MOMENT = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)


@pytest.fixture
def environment() -> feel.Environment:
    return feel.Environment(MOMENT)


@pytest.fixture
def decide(environment: feel.Environment) -> Decide:
    """Makes a decision of an XML model and returns its value as JSON."""

    def run(xml: bytes, decision: str, *imports: dmn.Model, **inputs: Any) -> Any:
        return feel.to_json(dmn.evaluate(dmn.parse(xml, imports), decision, inputs, environment).value)

    return run
