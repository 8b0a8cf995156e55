"""Writes FEEL for JUEL: what Camunda 7, Flowable and Activiti mean, said in the dialect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from engine import feel
from engine.bpmn import juel
from engine.bpmn.coercion import NOWHERE, OBJECTS, Setting, settle, truth
from engine.bpmn.expressions import KEYWORDS
from engine.bpmn.juel import Binary, Call, Choice, Index, Literal, Name, Property, Text, Tree, Unary, Written
from engine.errors import Invalid


class Untranslatable(Invalid):
    """{problem}"""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`execution.setVariable(name, value)`, with the value in FEEL."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Service:
    """`bean.method(arguments)`: a service `type` whose arguments are FEEL."""

    type: str
    arguments: tuple[str, ...]


_RENAMED = {
    "nrOfInstances": "numberOfInstances",
    "nrOfActiveInstances": "numberOfActiveInstances",
    "nrOfCompletedInstances": "numberOfCompletedInstances",
    # Camunda 7 counts from 0, the dialect from 1.
    "loopCounter": "(loopCounter - 1)",
    # There it is a login, here the person who started the case.
    "initiator": "initiator.login",
}
# How beans are called: of other things a method without arguments reads a property.
_BEAN = re.compile(
    r"\w*(service|bean|utils?|handler|manager|helper|dao|mapper|repository|controller|logic|provider|resolver|facade|"
    r"component|listener|delegate|expression|execution|calculator|checker|tool|api|client)",
    re.IGNORECASE,
)
_GETTER = re.compile(r"(?:get|is)([A-Z]\w*)")
_SYMBOLS = {"==": "=", "!=": "!=", "&&": "and", "||": "or"}
_READ = frozenset({"getVariable", "getVariableLocal"})
_WRITE = frozenset({"setVariable", "setVariableLocal"})
_VARIABLES = frozenset({"var", "vars", "variables"})


def translate(text: str, setting: Setting = NOWHERE, *, is_condition: bool = False) -> str:
    """This will return the FEEL (with its `=`) of a text with `${...}`; plain text stays as it is.

    What a bean answers is asked of a function of the app: `bean.method(x)` becomes `bean_method(x)`.
    Raises Untranslatable when it needs the old engine or changes variables, JuelInvalid when it is not JUEL.
    """
    if not juel.is_juel(text):
        return text
    tree = settle(juel.parse(text.strip()), setting)
    return "=" + checked(_write(truth(tree, setting) if is_condition else tree))


def translate_statement(text: str, setting: Setting = NOWHERE) -> str | Assignment | Service:
    """This will return what an expression does that stands for itself, as the implementation of a service task."""
    tree = juel.parse(text.strip())
    if isinstance(tree, Call) and isinstance(tree.of, Name):
        if tree.of.id in OBJECTS and tree.method in _WRITE and len(tree.arguments) == 2:
            name = tree.arguments[0]
            if isinstance(name, Literal) and isinstance(name.value, str):
                return Assignment(name.value, "=" + checked(_write(settle(tree.arguments[1], setting))))
        if tree.of.id not in OBJECTS and tree.method not in _METHODS:
            arguments = tuple(_argument(item, setting) for item in tree.arguments)
            return Service(f"{tree.of.id}.{tree.method}", arguments)
    if isinstance(tree, Property) and isinstance(tree.of, Name) and tree.of.id not in OBJECTS:
        return Service(f"{tree.of.id}.{tree.name}", ())
    return "=" + checked(_write(settle(tree, setting)))


def _argument(tree: Tree, setting: Setting) -> str:
    """A service is told the data of its case anyway."""
    if isinstance(tree, Name) and tree.id in OBJECTS:
        return ""
    return "=" + checked(_write(settle(tree, setting)))


def checked(text: str) -> str:
    """This will return `text` when it is FEEL that can be parsed; names of variables may collide with its words."""
    try:
        feel.parse(text)
    except feel.FeelSyntaxError as error:
        raise Untranslatable(problem=f"{text} is no FEEL ({error})") from None
    return text


def _write(tree: Tree) -> str:
    return _WRITERS[type(tree)](tree)


def _literal(tree: Literal) -> str:
    if tree.is_number:
        return str(tree.value)
    if tree.value is None:
        return "null"
    if isinstance(tree.value, bool):
        return "true" if tree.value else "false"
    return quoted(tree.value)


def quoted(text: str) -> str:
    """This will write `text` as FEEL."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{text}"'


def unquoted(text: str) -> str:
    """This will return the text that a FEEL literal such as `="a"` says; anything else stays as it is."""
    if not text.startswith('="') or not text.endswith('"'):
        return text
    inner = text[2:-1]
    return inner.replace('\\"', '"') if '"' not in inner.replace('\\"', "") else text


def _name(tree: Name) -> str:
    if tree.id in OBJECTS:
        raise Untranslatable(problem=f"{tree.id} is an object of the old engine")
    if tree.id in KEYWORDS or "$" in tree.id:
        raise Untranslatable(problem=f"{tree.id} is no name in FEEL")
    return _RENAMED.get(tree.id, tree.id)


def _property(tree: Property) -> str:
    if isinstance(tree.of, Name) and tree.of.id in OBJECTS:
        if tree.name in ("processBusinessKey", "businessKey"):
            return "businessKey"
        raise Untranslatable(problem=f"{tree.of.id}.{tree.name} is not known here")
    return f"{_operand(tree.of)}.{tree.name}"


def _index(tree: Index) -> str:
    key = tree.key
    if isinstance(key, Literal) and key.is_number:
        return f"{_operand(tree.of)}[{int(str(key.value)) + 1}]"
    if isinstance(key, Literal) and isinstance(key.value, str):
        return f"get value({_write(tree.of)}, {quoted(key.value)})"
    if isinstance(key, Name) and key.id == "loopCounter":
        return f"{_operand(tree.of)}[loopCounter]"
    return f"{_operand(tree.of)}[{_operand(key)} + 1]"


def _operand(tree: Tree) -> str:
    text = _write(tree)
    return text if isinstance(tree, Literal | Name | Property | Index | Call | Written) else f"({text})"


def _unary(tree: Unary) -> str:
    if tree.operator == "-":
        return f"-{_operand(tree.operand)}"
    if tree.operator == "empty":
        text = _write(tree.operand)
        return f'({text} = null or string({text}) = "" or string({text}) = "[]" or string({text}) = "{{}}")'
    if isinstance(tree.operand, Name | Property | Index | Call):
        return f"{_operand(tree.operand)} != true"  # null: JUEL's !null is true, FEEL's not(null) is null
    return f"not({_write(tree.operand)})"


def _is_text(tree: Tree) -> bool:
    if isinstance(tree, Binary):
        return tree.operator == "+" and (_is_text(tree.left) or _is_text(tree.right))
    return isinstance(tree, Literal) and isinstance(tree.value, str) and not tree.is_number


def _binary(tree: Binary) -> str:
    if tree.operator == "%":
        return f"modulo({_write(tree.left)}, {_write(tree.right)})"
    if tree.operator == "+" and _is_text(tree):
        return f"{_as_text(tree.left)} + {_as_text(tree.right)}"
    operator = _SYMBOLS.get(tree.operator, tree.operator)
    return f"{_operand(tree.left)} {operator} {_operand(tree.right)}"


def _as_text(tree: Tree) -> str:
    if _is_text(tree):
        return _write(tree)
    return f"string({_write(tree)})"


def _choice(tree: Choice) -> str:
    return f"if {_write(tree.condition)} then {_write(tree.yes)} else {_write(tree.no)}"


def _text(tree: Text) -> str:
    parts = []
    for part in tree.parts:
        if isinstance(part, Literal) and not part.is_number and isinstance(part.value, str):
            parts.append(quoted(part.value))
        else:
            text = _write(part)
            simple = isinstance(part, Name | Property)
            parts.append(f'(if {text} = null then "" else string({text}))' if simple else f"string({text})")
    return " + ".join(parts)


def _call(tree: Call) -> str:
    if tree.of is None:
        return _function(tree)
    if isinstance(tree.of, Name) and tree.of.id in OBJECTS:
        return _of_execution(tree)
    writer, is_bean = _METHODS.get(tree.method), _is_bean(tree.of)
    arguments = [_write(item) for item in tree.arguments]
    if writer is not None and not is_bean:
        try:
            return writer(_write(tree.of) if isinstance(tree.of, Name | Literal) else _operand(tree.of), *arguments)
        except TypeError:
            if not isinstance(tree.of, Name):
                raise Untranslatable(problem=f"{tree.method}() has other arguments") from None
    getter = _GETTER.fullmatch(tree.method)
    if getter and not arguments and not is_bean:
        return f"{_operand(tree.of)}.{getter[1][:1].lower()}{getter[1][1:]}"
    path = _path(tree.of)
    if path is None:
        raise Untranslatable(problem=f"{tree.method}() is a method of something that is computed")
    return f"{'_'.join(path)}_{tree.method}({', '.join(arguments)})"


def _is_bean(tree: Tree) -> bool:
    return isinstance(tree, Name) and (bool(_BEAN.fullmatch(tree.id)) or tree.id[:1].isupper())


def _path(tree: Tree) -> list[str] | None:
    """The names of `a.b.c`, None when it is anything else."""
    if isinstance(tree, Name):
        return [tree.id]
    above = _path(tree.of) if isinstance(tree, Property) else None
    return None if above is None or not isinstance(tree, Property) else [*above, tree.name]


def _of_execution(tree: Call) -> str:
    first = tree.arguments[0] if tree.arguments else None
    if tree.method in _READ and isinstance(first, Literal) and isinstance(first.value, str):
        return _name(Name(first.value))
    if tree.method == "hasVariable" and isinstance(first, Literal) and isinstance(first.value, str):
        return f"{_name(Name(first.value))} != null"
    if tree.method in ("getProcessBusinessKey", "getBusinessKey"):
        return "businessKey"
    if tree.method in _READ and first is not None:
        return f"get value(case data(), {_write(first)})"
    if tree.method == "getVariables" and first is None:
        return "case data()"
    owner = tree.of.id if isinstance(tree.of, Name) else ""
    raise Untranslatable(problem=f"{owner}.{tree.method}() is not known here")


def _function(tree: Call) -> str:
    arguments = [_write(item) for item in tree.arguments]
    if tree.prefix in _VARIABLES and tree.arguments:
        first = tree.arguments[0]
        name = first.value if isinstance(first, Literal) and isinstance(first.value, str) else _write(first)
        writer = _VARIABLE_FUNCTIONS.get(tree.method)
        if writer is not None:
            try:
                return writer(str(name), *arguments[1:])
            except TypeError:
                raise Untranslatable(problem=f"{tree.prefix}:{tree.method}() has other arguments") from None
    if not tree.prefix and tree.method in ("now", "dateTime") and not arguments:
        return "now()"
    if not tree.prefix and tree.method in feel.parse(f"{tree.method}()").functions:  # FEEL's own mean something else
        return f"{tree.method}({', '.join(arguments)})"
    raise Untranslatable(
        problem=f"the function {tree.prefix + ':' if tree.prefix else ''}{tree.method}() is not known here"
    )


def _shifted(sign: str, pattern: str) -> Callable[..., str]:
    """What Joda's dates are moved by: `dateTime().plusDays(3)`."""
    before, after = pattern.split("n")
    return lambda of, n: f'{of} {sign} duration("{before}" + string({n}) + "{after}")'


_UNITS = {"Years": "PnY", "Months": "PnM", "Days": "PnD", "Hours": "PTnH", "Minutes": "PTnM"}
_UNITS |= {"Seconds": "PTnS"}
_METHODS: dict[str, Callable[..., str]] = {
    "equals": lambda of, other: f"{of} = {other}",
    "equalsIgnoreCase": lambda of, other: f"lower case({of}) = lower case({other})",
    "toString": lambda of: f"string({of})",
    "size": lambda of: f"count({of})",
    "length": lambda of: f"string length({of})",
    "substring": lambda of, first, last=None: (
        f"substring({of}, {first} + 1)" if last is None else f"substring({of}, {first} + 1, {last} - {first})"
    ),
    "concat": lambda of, other: f"{of} + string({other})",
    "contains": lambda of, item: (
        f"(if {of} instance of string then contains({of}, string({item})) else list contains({of}, {item}))"
    ),
    "isEmpty": lambda of: f'({of} = null or string({of}) = "" or string({of}) = "[]")',
    "get": lambda of, key: f"get value({of}, {key})" if key.startswith('"') else f"{of}[{key} + 1]",
    "toLowerCase": lambda of: f"lower case({of})",
    "toUpperCase": lambda of: f"upper case({of})",
    "startsWith": lambda of, text: f"starts with({of}, {text})",
    "endsWith": lambda of, text: f"ends with({of}, {text})",
    "containsKey": lambda of, key: f"get value({of}, {key}) != null",
    "matches": lambda of, pattern: f"matches({of}, {pattern})",
    "trim": lambda of: f"trim({of})",
    "intValue": lambda of: f"floor({of})",
    "longValue": lambda of: f"floor({of})",
    "doubleValue": lambda of: of,
    "booleanValue": lambda of: of,
    "toDate": lambda of: of,
    "plusWeeks": lambda of, n: f'{of} + duration("P" + string(7 * {n}) + "D")',
    **{f"plus{unit}": _shifted("+", pattern) for unit, pattern in _UNITS.items()},
    **{f"minus{unit}": _shifted("-", pattern) for unit, pattern in _UNITS.items()},
}
_VARIABLE_FUNCTIONS: dict[str, Callable[..., str]] = {
    "get": lambda name: name,
    "getOrDefault": lambda name, other: f"if {name} = null then {other} else {name}",
    "exists": lambda name: f"{name} != null",
    "empty": lambda name: f'({name} = null or string({name}) = "" or string({name}) = "[]")',
    "isEmpty": lambda name: f'({name} = null or string({name}) = "" or string({name}) = "[]")',
    "notEmpty": lambda name: f'not({name} = null or string({name}) = "" or string({name}) = "[]")',
    "isNotEmpty": lambda name: f'not({name} = null or string({name}) = "" or string({name}) = "[]")',
    **{alias: lambda name, other: f"{name} = {other}" for alias in ("equals", "eq")},
    **{alias: lambda name, other: f"{name} != {other}" for alias in ("notEquals", "ne")},
    **{alias: lambda name, other: f"{name} < {other}" for alias in ("lowerThan", "lessThan", "lt")},
    **{alias: lambda name, other: f"{name} <= {other}" for alias in ("lowerThanOrEquals", "lessThanOrEquals", "lte")},
    **{alias: lambda name, other: f"{name} > {other}" for alias in ("greaterThan", "gt")},
    **{alias: lambda name, other: f"{name} >= {other}" for alias in ("greaterThanOrEquals", "gte")},
    "contains": lambda name, *items: " and ".join(f"list contains({name}, {item})" for item in items),
    "containsAny": lambda name, *items: " or ".join(f"list contains({name}, {item})" for item in items),
}
_WRITERS: dict[type, Callable[..., str]] = {
    Literal: _literal,
    Name: _name,
    Property: _property,
    Index: _index,
    Call: _call,
    Unary: _unary,
    Binary: _binary,
    Choice: _choice,
    Text: _text,
    Written: lambda tree: tree.feel,
}


def variable(text: str, setting: Setting = NOWHERE) -> str:
    """This will return the variable that a text such as `items` or `${items}` names, as FEEL."""
    if juel.is_juel(text):
        return translate(text, setting)
    if re.fullmatch(r"[^\W\d][\w.]*", text, re.UNICODE):
        return "=" + checked(text)
    raise Untranslatable(problem=f"{text} is no variable")
