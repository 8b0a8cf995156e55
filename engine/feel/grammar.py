"""Tokens to syntax tree: operators by precedence (DMN 1.5, 10.3.1.2); operands are in `operands` and `clauses`."""

from __future__ import annotations

from .clauses import CLAUSES
from .cursor import Cursor, Vocabulary
from .nodes import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    Filter,
    In,
    InstanceOf,
    Interval,
    Literal,
    Logic,
    Name,
    Negation,
    Node,
    Path,
    Test,
    Tests,
)
from .operands import AFTER_RANGE_END, call_arguments, operand, property_name
from .signatures import type_of

LOOSEST = 0
ADDITIVE = 4
INSTANCE = 8
POSTFIX = 9
POWERS = {
    "or": 1,
    "and": 2,
    "=": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "between": 3, "in": 3,
    "+": ADDITIVE, "-": ADDITIVE,
    "*": 5, "/": 5,
    "**": 6,
    "instance": INSTANCE,
    ".": POSTFIX, "[": POSTFIX, "(": POSTFIX,
}  # fmt: skip
NEGATION = 7
COMPARATORS = frozenset(("<", "<=", ">", ">=", "=", "!="))


def parse_expression(text: str, vocabulary: Vocabulary) -> Node:
    """This will parse one whole expression. Raises FeelSyntaxError, LimitExceeded."""
    cursor = Cursor(text, vocabulary, expression)
    node = expression(cursor, LOOSEST)
    if cursor.token.kind != "end":
        raise cursor.unexpected("end")
    return node


def parse_tests(text: str, vocabulary: Vocabulary) -> Tests:
    """This will parse the unary tests of a decision table cell. Raises FeelSyntaxError, LimitExceeded."""
    cursor = Cursor(text, vocabulary, expression)
    if cursor.at("-") and cursor.peek().kind == "end":
        return Tests(0, [], False)
    if cursor.at("not") and cursor.peek().text == "(" and _closes_at_end(cursor):
        cursor.advance()
        cursor.advance()
        tests = Tests(0, _test_list(cursor), True)
        cursor.expect(")")
    else:
        tests = Tests(0, _test_list(cursor), False)
    if cursor.token.kind != "end":
        raise cursor.unexpected("end")
    return tests


def _closes_at_end(cursor: Cursor) -> bool:
    depth = 0
    for index in range(cursor.index + 1, len(cursor.tokens)):
        text = cursor.tokens[index].text
        if cursor.tokens[index].kind != "symbol":
            continue
        depth += (text == "(") - (text == ")")
        if depth == 0:
            return cursor.tokens[index + 1].kind == "end"
    return False


def _test_list(cursor: Cursor, power: int = LOOSEST) -> list[Node]:
    tests = [_test(cursor, power)]
    while cursor.take(","):
        tests.append(_test(cursor, power))
    return tests


def _test(cursor: Cursor, power: int) -> Node:
    token = cursor.token
    if token.kind == "symbol" and token.text in COMPARATORS:
        cursor.advance()
        return Test(token.position, token.text, expression(cursor, ADDITIVE))
    return expression(cursor, power)


def expression(cursor: Cursor, power: int) -> Node:
    """This will parse an expression whose operators bind tighter than `power`."""
    cursor.deepen()
    left = _prefix(cursor)
    chain = 0
    while True:
        token = cursor.token
        operator = token.text
        binding = POWERS.get(operator, 0)
        if binding <= power or token.kind not in ("symbol", "word"):
            break
        if binding == POSTFIX:
            if operator == "[" and cursor.in_range_end and cursor.peek().text in AFTER_RANGE_END:
                break
            left = _postfix(cursor, left)
        else:
            cursor.advance()
            left = _infix(cursor, left, operator, token.position, binding)
        chain += 1
        cursor.check_chain(chain)
    cursor.nesting -= 1
    return left


def _prefix(cursor: Cursor) -> Node:
    token = cursor.token
    if token.kind == "symbol" and token.text == "-":
        cursor.advance()
        return _negation(cursor, token.position)
    if token.kind == "word" and token.text in CLAUSES and not cursor.known_name():
        clause = CLAUSES[token.text](cursor)
        if clause is not None:
            return clause
    return operand(cursor)


def _negation(cursor: Cursor, position: int) -> Node:
    value = expression(cursor, NEGATION)
    if isinstance(value, Literal) and type(value.value).__name__ == "Decimal":
        return Literal(position, value.value.copy_negate() if value.value else value.value)
    return Negation(position, value)


def _infix(cursor: Cursor, left: Node, operator: str, position: int, binding: int) -> Node:
    if binding <= 2:
        right = expression(cursor, binding)
        if isinstance(left, Logic) and left.operator == operator:
            left.operands.append(right)
            return left
        return Logic(position, operator, [left, right])
    if operator == "between":
        low = expression(cursor, ADDITIVE - 1)
        cursor.expect("and")
        return Between(position, left, low, expression(cursor, ADDITIVE - 1))
    if operator == "in":
        return _membership(cursor, left, position)
    if operator == "instance":
        cursor.expect("of")
        return InstanceOf(position, left, type_of(cursor))
    right = expression(cursor, binding)
    if binding == 3:
        return Comparison(position, operator, left, right)
    return Arithmetic(position, operator, left, right)


def _membership(cursor: Cursor, left: Node, position: int) -> Node:
    if cursor.at("(") and not _is_range(cursor):
        start = cursor.index
        cursor.advance()
        tests = _test_list(cursor)
        cursor.expect(")")
        if POWERS.get(cursor.token.text, 0) <= 3 or cursor.token.kind == "end":
            return In(position, left, tests)
        cursor.jump(start)
    return In(position, left, [_test(cursor, 3)])


def _is_range(cursor: Cursor) -> bool:
    depth = 0
    for index in range(cursor.index, len(cursor.tokens)):
        token = cursor.tokens[index]
        if token.kind != "symbol":
            continue
        if token.text in ("(", "["):
            depth += 1
        elif token.text in (")", "]"):
            depth -= 1
            if depth == 0:
                return False
        elif token.text == ".." and depth == 1:
            return True
    return False


def _postfix(cursor: Cursor, left: Node) -> Node:
    token = cursor.advance()
    if token.text == ".":
        return Path(token.position, left, property_name(cursor))
    if token.text == "(":
        arguments, names = call_arguments(cursor)
        position = left.position if isinstance(left, Name) else token.position
        return Call(position, left, arguments, names)
    inside = cursor.in_range_end
    cursor.in_range_end = False
    if cursor.token.text in COMPARATORS:
        condition: Node = Test(cursor.token.position, cursor.advance().text, expression(cursor, ADDITIVE))
    else:
        condition = expression(cursor, LOOSEST)
    cursor.in_range_end = inside
    cursor.expect("]")
    return Filter(token.position, left, condition)


__all__ = ["Interval", "expression", "parse_expression", "parse_tests"]
