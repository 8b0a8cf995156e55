"""Development check: does the browser's FEEL (`@bpmn-io/feelin` under node) agree with the server's?

`pytest tests/engine/feel/against_browser.py` tries random expressions and the list of known differences;
`python -m tests.engine.feel.against_browser` prints where the two differ. The server decides.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import feel
from engine.errors import BihuanError

FRONTEND = Path(__file__).parents[3] / "web" / "frontend"
ENVIRONMENT = feel.Environment(datetime(2026, 11, 21, tzinfo=UTC))
CONTEXT: dict[str, Any] = {"n": 3, "s": "消防", "l": [1, 2, 3], "隐患": {"等级": "重大", "人数": 4}, "空": None}
# expression -> what the browser answers instead of the server's value
KNOWN: dict[str, Any] = {
    "0.1 + 0.2": Decimal("0.30000000000000004"),
    "12345678901234567890 + 1": 12345678901234567000,
    "0 in [1..0]": True,
    "0 in [1..20] and true": None,
    "0 between 1 and 0": True,
    "some i in [1, null] satisfies i > 1": False,
    "remove([1, 2, 3], -1)": [1, 3],
    "1 instance of number": False,
    'matches("aA", "(a)\\1", "i")': True,
}
SCRIPT = """
import { evaluate } from '@bpmn-io/feelin';
import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
  const { text, context } = JSON.parse(line);
  let answer;
  try {
    const { value } = evaluate(text, context);
    answer = { value: typeof value === 'function' ? 'function' : value };
  } catch (problem) {
    answer = { error: String(problem.message) };
  }
  console.log(JSON.stringify(answer, (key, value) => value === undefined ? null : value));
}
"""


class Browser:
    """A node process that evaluates FEEL line by line."""

    def __init__(self) -> None:
        command = [shutil.which("node") or "node", "--input-type=module", "-e", SCRIPT]
        self.process = subprocess.Popen(
            command, cwd=FRONTEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def evaluate(self, text: str) -> Any:
        """This will return the browser's value. Raises ValueError where it has none."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"text": text, "context": CONTEXT}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline(), parse_float=Decimal)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        """This will end the process."""
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not (FRONTEND / "node_modules" / "@bpmn-io" / "feelin").is_dir() or shutil.which("node") is None:
        pytest.skip("node or @bpmn-io/feelin is not installed")
    browser = Browser()
    yield browser
    browser.close()


def server(text: str) -> Any:
    """This will return the server's value as JSON."""
    return feel.to_json(feel.parse(text).evaluate(CONTEXT, ENVIRONMENT))


def agree(one: Any, other: Any) -> bool:
    """This will compare values; numbers to 12 digits, as the browser counts in binary."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return abs(one - other) <= abs(Decimal(one)) * Decimal("1e-12") + Decimal("1e-12")
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(agree, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(agree(one[key], other[key]) for key in one)
    return bool(one == other)


NUMBERS = st.one_of(
    st.integers(0, 20).map(str), st.sampled_from(["n", "隐患.人数", "l[1]", "1.5", "count(l)", "sum(l)", "max(l)"])
)
TEXTS = st.sampled_from(['"重大"', '"a"', "s", "隐患.等级", "upper case(s)", 'substring("安全生产", 2, 2)', '""'])
LISTS = st.sampled_from(["l", "[1, 2]", "[]", "reverse(l)", "append(l, 4)", "l[item > 1]", "for i in l return i * 2"])


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner)
    return st.one_of(pairs.map(lambda p: f"({p[0]} {p[1]} {p[2]})"), inner.map(lambda x: f"abs({x})"))


NUMERIC = st.recursive(NUMBERS, _numbers, max_leaves=5)
COMPARED = st.one_of(
    st.tuples(NUMERIC, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), NUMERIC).map(" ".join),
    st.tuples(TEXTS, st.sampled_from(["=", "!="]), TEXTS).map(" ".join),
    st.tuples(NUMERIC, LISTS).map(lambda p: f"list contains({p[1]}, {p[0]})"),
    st.tuples(NUMERIC, NUMBERS).map(lambda p: f"({p[0]} between 0 and {p[1]})"),
    st.tuples(NUMERIC, NUMBERS).map(lambda p: f"({p[0]} in [1..20 + {p[1]}])"),
    LISTS.map(lambda x: f"some i in {x} satisfies i > 2"),
    TEXTS.map(lambda x: f'contains({x}, "大")'),
)
LOGIC = st.recursive(
    COMPARED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda x: f"not({x})"),
    ),
    max_leaves=4,
)
EXPRESSIONS = st.one_of(
    NUMERIC,
    LOGIC,
    LISTS,
    st.tuples(LOGIC, NUMERIC, TEXTS).map(lambda p: f"if {p[0]} then {p[1]} else {p[2]}"),
    st.tuples(TEXTS, TEXTS).map(" + ".join),
    st.tuples(NUMERIC, TEXTS).map(lambda p: f"{{a: {p[0]}, b: {p[1]}}}"),
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=EXPRESSIONS)
def test_the_browser_agrees_where_both_are_defined(browser: Browser, text: str) -> None:
    assert agree(server(text), browser.evaluate(text)), text


@pytest.mark.parametrize("text", KNOWN)
def test_a_known_difference_is_still_one(browser: Browser, text: str) -> None:
    assert browser.evaluate(text) == KNOWN[text]
    assert server(text) != KNOWN[text]


def differences(browser: Browser, texts: list[str]) -> Iterator[tuple[str, Any, Any]]:
    """This will yield expressions with the server's and the browser's answers where these differ."""
    for text in texts:
        answers: list[Any] = []
        for evaluate in (server, browser.evaluate):
            try:
                answers.append(evaluate(text))
            except (BihuanError, ValueError) as problem:
                answers.append(f"error: {problem}")
        if not agree(answers[0], answers[1]) and not all(str(answer).startswith("error") for answer in answers):
            yield text, answers[0], answers[1]


def main() -> None:
    """This will print where the two differ on the expressions of the other tests."""
    from tests.engine.feel import test_builtins, test_expressions

    texts = [text for text, _ in [*test_expressions.CASES, *test_builtins.CASES]] + list(KNOWN)
    random.shuffle(texts)
    browser = Browser()
    try:
        found = sorted(differences(browser, texts))
    finally:
        browser.close()
    for text, own, other in found:
        print(f"{text}\n    server  {own!r}\n    browser {other!r}")
    print(f"{len(found)} of {len(texts)} expressions differ")


if __name__ == "__main__":
    main()
