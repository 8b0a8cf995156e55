"""Writes FEEL for JUEL: what Camunda 7, Flowable and Activiti mean, said in the dialect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from engine import feel
from engine.bpmn import juel
from engine.bpmn.coercion import NOWHERE, OBJECTS, Setting, is_bean, settle, truth
from engine.bpmn.expressions import KEYWORDS
from engine.bpmn.juel import Binary, Call, Choice, Index, Literal, Name, Property, Text, Tree, Unary, Written
from engine.bpmn.methods import FEEL, METHODS, OF_PAGES, OF_VARIABLES, VARIABLES, empty, item, operand
from engine.errors import Invalid


class Untranslatable(Invalid):
    """{problem}"""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`execution.setVariable(name, value)`, with the value in FEEL; `is_local` when it is `setVariableLocal`."""

    name: str
    value: str
    is_local: bool = False


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
_CHAINS = ({"+"}, {"-"}, {"+", "-"}, {"*"}, {"/"}, {"*", "/"})
_SYMBOLS = {"==": "=", "!=": "!=", "&&": "and", "||": "or"}
_WRITE = frozenset({"setVariable", "setVariableLocal"})
# Statements end with a line or a semicolon that stands in no text.
_STATEMENT = re.compile(r"""(?:[^;\n'"]|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")+""")
_LONGEST = 20_000
_REMOVE = frozenset({"removeVariable", "removeVariableLocal"})  # what is null is as if it were not there


def translate(text: str, setting: Setting = NOWHERE, *, is_condition: bool = False) -> str:
    """This will return the FEEL (with its `=`) of a text with `${...}`; plain text stays as it is.

    What a bean answers is asked of a function of the app: `bean.method(x)` becomes `bean_method(x)`.
    Raises Untranslatable when it needs the old engine or changes variables, JuelInvalid when it is not JUEL.
    """
    if not juel.is_juel(text):
        return text
    tree = settle(juel.parse(text.strip()), setting, is_condition=is_condition)
    return "=" + checked(_write(truth(tree, setting) if is_condition else tree))


def translate_statement(text: str, setting: Setting = NOWHERE) -> str | Assignment | Service:
    """This will return what an expression does that stands for itself, as the implementation of a service task."""
    tree = juel.parse(text.strip())
    if isinstance(tree, Call) and isinstance(tree.of, Name):
        if tree.of.id in OBJECTS and tree.method in _WRITE and len(tree.arguments) == 2:
            name = tree.arguments[0]
            if isinstance(name, Literal) and isinstance(name.value, str):
                value = "=" + checked(_write(settle(tree.arguments[1], setting)))
                return Assignment(name.value, value, tree.method == "setVariableLocal")
        match tree.arguments:
            case (Literal(value=str() as removed),) if tree.of.id in OBJECTS and tree.method in _REMOVE:
                return Assignment(removed, "=null")
        if tree.of.id not in OBJECTS and tree.method not in METHODS:
            arguments = tuple(_argument(item, setting) for item in tree.arguments)
            return Service(f"{tree.of.id}.{tree.method}", arguments)
    if isinstance(tree, Property) and isinstance(tree.of, Name) and is_bean(tree.of) and tree.of.id not in OBJECTS:
        return Service(f"{tree.of.id}.{tree.name}", ())
    return "=" + checked(_write(settle(tree, setting)))


def translate_setter(text: str, setting: Setting = NOWHERE) -> tuple[str, str]:
    """This will return the method and the FEEL of its only argument of an expression such as `task.setAssignee(x)`.

    Both are empty for anything else. Raises Untranslatable, JuelInvalid.
    """
    match juel.parse(text.strip()):
        case Call(of=Name(id="task" | "delegateTask"), method=method, arguments=(argument,)):
            return method, "=" + checked(_write(settle(argument, setting)))
    return "", ""


def assigned(body: str) -> list[Assignment]:
    """This will return what a script does that only sets variables: the same in every language; empty for any other."""
    written = [line for line in body.splitlines() if not line.lstrip().startswith(("//", "#", "/*", "*"))]
    found = []
    for text in (part.strip() for part in _STATEMENT.findall("\n".join(written))):
        if not text:
            continue
        try:
            statement = translate_statement(text if juel.is_juel(text) else f"${{{text}}}")
        except Invalid:
            return []
        if not isinstance(statement, Assignment):
            return []
        found.append(statement)
    return found


def foreign_condition(text: str, setting: Setting = NOWHERE) -> str | None:
    """This will return the FEEL of a script that only compares variables, as every language does; None of any other."""
    plain = text.strip().rstrip(";").replace("===", "==").replace("!==", "!=")
    try:
        found = translate(f"${{{plain}}}", setting, is_condition=True)
    except Invalid:
        return None
    return None if feel.parse(found[1:]).functions else found


def _argument(tree: Tree, setting: Setting) -> str:
    """A service is told the data of its case anyway, and a listener its event."""
    match tree:
        case Name(id=of) | Property(of=Name(id=of), name="eventName") | Call(of=Name(id=of), method="getEventName"):
            if of in OBJECTS:
                return ""
    return "=" + checked(_write(settle(tree, setting)))


def checked(text: str) -> str:
    """This will return `text` when it is FEEL that can be parsed; names of variables may collide with its words."""
    try:
        feel.parse(text)
    except (feel.FeelSyntaxError, feel.LimitExceeded) as error:
        raise Untranslatable(problem=f"{text} is no FEEL ({error})") from None
    return text


def _write(tree: Tree) -> str:
    text = _WRITERS[type(tree)](tree)
    if len(text) > _LONGEST:  # what is said several times grows with each level
        raise Untranslatable(problem="it is too long")
    return text


def _literal(tree: Literal) -> str:
    if tree.is_number:
        return str(tree.value)
    if tree.value is None:
        return "null"
    if isinstance(tree.value, bool):
        return "true" if tree.value else "false"
    return quoted(tree.value)


def or_else(name: str, value: str) -> str:
    """This will return FEEL for the variable `name`, or for `value` when there is none; `sum` is a function then."""
    if _is_builtin(name):
        return f"if is defined({name}) then {name} else {value}"
    return f"get or else({name}, {value})"


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
    if tree.id == "authenticatedUserId":
        raise Untranslatable(problem=f"{tree.id} is a variable of the old engine")
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
    if isinstance(key, Literal) and key.is_number and not str(key.value).isdigit():
        raise Untranslatable(problem=f"[{key.value}] is no place in a list")
    if isinstance(key, Name) and key.id == "loopCounter":
        return f"{_operand(tree.of)}[loopCounter]"
    return item(_write(tree.of), _write(key))


def _operand(tree: Tree) -> str:
    return operand(_write(tree))


def _unary(tree: Unary) -> str:
    if tree.operator == "-":
        return f"-{_operand(tree.operand)}"
    if tree.operator == "empty":
        return empty(_write(tree.operand))
    if isinstance(tree.operand, Name | Property | Index | Call):
        return f"{_operand(tree.operand)} != true"  # null: JUEL's !null is true, FEEL's not(null) is null
    text = _write(tree.operand)
    return f"not{text}" if text.startswith("(") and operand(text) == text else f"not({text})"


def _binary(tree: Binary) -> str:
    if tree.operator == "%":
        return f"modulo({_write(tree.left)}, {_write(tree.right)})"
    operator = _SYMBOLS.get(tree.operator, tree.operator)
    is_chain = isinstance(tree.left, Binary) and {operator, tree.left.operator} in _CHAINS
    left = _write(tree.left) if is_chain else _side(tree.left, operator)
    return f"{left} {operator} {_side(tree.right, operator)}"


def _side(tree: Tree, operator: str) -> str:
    """What binds closer than `and` and `or`, and chains of them, stand there without parentheses."""
    binds = isinstance(tree, Unary) or (
        isinstance(tree, Binary) and (tree.operator not in ("&&", "||") or _SYMBOLS[tree.operator] == operator)
    )
    return _write(tree) if operator in ("and", "or") and binds else _operand(tree)


def _choice(tree: Choice) -> str:
    return f"if {_write(tree.condition)} then {_write(tree.yes)} else {_write(tree.no)}"


def _text(tree: Tree) -> str:
    parts = tree.parts if isinstance(tree, Text) else (tree,)
    written = []
    for part in parts:
        if isinstance(part, Text):
            written.append(_text(part))
        elif isinstance(part, Literal) and isinstance(part.value, str):
            written.append(quoted(part.value))
        elif isinstance(part, Name | Property | Index):
            written.append(f'get or else(string({_write(part)}), "")')
        elif not (isinstance(part, Literal) and part.value is None):
            written.append(f"string({_write(part)})")
    return " + ".join(written) or '""'


def _call(tree: Call) -> str:
    if tree.of is None:
        return _function(tree)
    if isinstance(tree.of, Name) and tree.of.id in OBJECTS:
        return _of_execution(tree)
    writer, arguments = METHODS.get(tree.method), [_write(item) for item in tree.arguments]
    if writer is not None and not is_bean(tree.of):
        try:
            return writer(_write(tree.of), *arguments)
        except TypeError:
            if not isinstance(tree.of, Name):
                raise Untranslatable(problem=f"{tree.method}() has other arguments") from None
    path = _path(tree.of)
    if path is None:
        raise Untranslatable(problem=f"{tree.method}() is a method of something that is computed")
    if tree.method == "now" and not arguments:
        return "now()"
    return f"{'_'.join(path)}_{tree.method}({', '.join(arguments)})"


def _path(tree: Tree) -> list[str] | None:
    """The names of `a.b.c`, None when it is anything else."""
    if isinstance(tree, Name):
        return [tree.id]
    above = _path(tree.of) if isinstance(tree, Property) else None
    return None if above is None or not isinstance(tree, Property) else [*above, tree.name]


def _of_execution(tree: Call) -> str:
    first = tree.arguments[0] if tree.arguments else None
    if tree.method in ("getProcessBusinessKey", "getBusinessKey"):
        return "businessKey"
    if tree.method in ("getVariable", "getVariableLocal") and first is not None:
        return f"get value(case data(), {_write(first)})"
    if tree.method == "getVariables" and first is None:
        return "case data()"
    owner = tree.of.id if isinstance(tree.of, Name) else ""
    raise Untranslatable(problem=f"{owner}.{tree.method}() is not known here")


def _is_builtin(name: str) -> bool:
    return name not in feel.parse(f"{name}()").functions


def _function(tree: Call) -> str:
    arguments = [_write(item) for item in tree.arguments]
    if tree.prefix == FEEL:
        return f"{tree.method}({', '.join(arguments)})"
    named = f"{tree.prefix}:{tree.method}()" if tree.prefix else f"{tree.method}()"
    writer = OF_VARIABLES.get(tree.method) if tree.prefix in VARIABLES else None
    if tree.prefix == "fn" and tree.method in OF_PAGES:
        writer = OF_PAGES[tree.method]
    if writer is not None and arguments:
        try:
            return writer(*arguments)
        except TypeError:
            raise Untranslatable(problem=f"{named} has other arguments") from None
    if tree.prefix in ("", "date") and tree.method in ("now", "dateTime") and not arguments:
        return "now()"
    if not tree.prefix and not _is_builtin(tree.method):  # FEEL's own mean something else
        return f"{tree.method}({', '.join(arguments)})"
    raise Untranslatable(problem=f"the function {named} is not known here")


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
