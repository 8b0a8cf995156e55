"""How fast FEEL and DMN are: what every gateway and every grading table costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

from engine import dmn, feel
from web.benchmarks.figures import Figure, measure

N_ = str  # marks a text for translation
NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
CONDITION = 'grade = "major" and amount > 50000 and days between 1 and 30'
CONTEXT = {"grade": "major", "amount": 81000.5, "days": 15, "region": "420103", "title": "dust collector without vent"}
COLUMNS = (("kind", "string"), ("amount", "number"), ("limit", "number"))

# Targets in microseconds: what an evaluation may cost beside the database work of a step.
CACHED_CONDITION = 5.0
TABLE = 60.0
COLD_CONDITION = 200.0


def table(rows: int = 20) -> bytes:
    """This will write a UNIQUE decision table of three inputs; the last rule is the one that the benchmark meets."""
    rules = "".join(
        f'<rule id="r{number}"><inputEntry id="a{number}"><text>"kind {number}"</text></inputEntry>'
        f'<inputEntry id="b{number}"><text>[{number * 10}..{number * 10 + 9}]</text></inputEntry>'
        f'<inputEntry id="c{number}"><text>&lt; {number + 100}</text></inputEntry>'
        f'<outputEntry id="o{number}"><text>"grade {number}"</text></outputEntry></rule>'
        for number in range(1, rows + 1)
    )
    columns = "".join(
        f'<input id="i{name}"><inputExpression id="e{name}" typeRef="{kind}"><text>{name}</text></inputExpression>'
        "</input>"
        for name, kind in COLUMNS
    )
    known = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{kind}"/></inputData>'
        for name, kind in COLUMNS
    )
    needed = "".join(
        f'<informationRequirement id="n{name}"><requiredInput href="#{name}"/></informationRequirement>'
        for name, _kind in COLUMNS
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="bench" name="bench" '
        f'namespace="bench">{known}<decision id="grade" name="grade">{needed}'
        f'<decisionTable id="t" hitPolicy="UNIQUE">{columns}<output id="out" name="grade" typeRef="string"/>'
        f"{rules}</decisionTable></decision></definitions>"
    ).encode()


def measure_all(seconds: float = 1.0) -> Iterator[Figure]:
    """This will measure a cached gateway condition, a cold one, and a table of 20 rows, each for `seconds`."""
    environment = feel.Environment(now=NOW)
    condition = feel.parse(CONDITION)
    if condition.evaluate(CONTEXT, environment) is not True:
        raise AssertionError("the condition of the benchmark must hold")
    yield measure(
        N_("gateway condition, cached"),
        lambda: feel.parse(CONDITION).evaluate(CONTEXT, environment),
        seconds=seconds,
        target=CACHED_CONDITION,
        batch=200,
    )
    fresh = itertools.count()
    yield measure(
        N_("gateway condition, parsed for the first time"),
        # a text that was never seen: no cache can know it
        lambda: feel.parse(f'grade = "major" and amount > {next(fresh)} and days between 1 and 30'),
        seconds=seconds,
        target=COLD_CONDITION,
    )
    model = dmn.parse(table())
    inputs = {"kind": "kind 20", "amount": 205, "limit": 7}
    if dmn.evaluate(model, "grade", inputs, environment).value != "grade 20":
        raise AssertionError("the table of the benchmark must give its last rule")
    yield measure(
        N_("decision table, 20 rows, 3 inputs"),
        lambda: dmn.evaluate(model, "grade", inputs, environment),
        seconds=seconds,
        target=TABLE,
        batch=20,
    )
