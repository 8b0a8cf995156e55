"""DMN bytes to models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from engine.errors import Fault, FaultsFound
from engine.feel.cursor import Vocabulary
from engine.feel.types import ANY, FeelType

from . import columns
from .boxed import Reader, compile_box, find_box
from .itemtypes import ItemTypes
from .model import Decision, InputData, Key, Knowledge, Model, Service
from .xmltree import NAMESPACES, Element, child, children, line_of, local_name, properties, read, type_ref

_NAMED = ("variable", "formalParameter", "parameter", "itemComponent", "column", "output", "import", "parameters")


def parse(xml: bytes | str, imports: Iterable[Model] = (), strict: bool = True) -> Model:
    """This will read and compile a model; `imports` are the models that its import elements may name.

    Raises FaultsFound with all faults in one answer; with `strict` false only for files that cannot be read at all:
    then faulty expressions are null and `Model.faults` tells of them.
    """
    root = read(xml)
    try:
        model = _build(root, {each.namespace: each for each in imports})
    except RecursionError:
        raise FaultsFound([Fault("模型嵌套过深。", code="too-deep")]) from None
    if strict and model.faults:
        raise FaultsFound(model.faults)
    return model


def _build(root: Element, known: dict[str, Model]) -> Model:
    namespace = root.get("namespace", "")
    tag = str(root.tag)
    model = Model(root.get("id", ""), root.get("name", ""), namespace, NAMESPACES[tag[1:].partition("}")[0]])
    _describe(model, root)
    imported: dict[str, Model] = {}
    for element in children(root, "import"):
        other = known.get(element.get("namespace", ""))
        name = element.get("name", "")
        if other is None:
            if "DMN" in element.get("importType", ""):
                reason = f"找不到导入的模型 {element.get('namespace')}"
                model.faults.append(Fault(reason, element.get("id"), name, line_of(element), "import"))
            continue
        model.imports[name] = other.namespace
        model.parts.update(other.parts)
        model.seen.update(other.seen)
        imported[name] = other
    model.seen[namespace] = model.imports
    names = set(_names(root))
    for other in imported.values():
        names.update(other.names)
    model.names = names
    plain = Vocabulary(names)
    types = ItemTypes(root, {name: other.types for name, other in imported.items()}, plain)
    model.types = types
    reader = Reader(types, Vocabulary(names, types.all()), declared=names)
    for element in children(root):
        _part(element, model, reader)
    model.faults += types.faults + reader.faults
    _check_references(model, root)
    return model


def _describe(model: Model, root: Element) -> None:
    model.properties = properties(root)
    if not model.properties:
        first = child(root, "decision")
        model.properties = properties(first) if first is not None else {}
    model.version = model.properties.get("version") or model.properties.get("versionTag")
    for attribute, name in (("effective_from", "effectiveFrom"), ("effective_to", "effectiveTo")):
        text = model.properties.get(name)
        if not text:
            continue
        try:
            setattr(model, attribute, date.fromisoformat(text.strip()))
        except ValueError:
            model.faults.append(
                Fault(f"{name} 不是日期：{text}", model.id, model.name, line_of(root), "effective-date")
            )


def _names(root: Element) -> Iterator[str]:
    for element in root.iter():
        if isinstance(element.tag, str) and element.get("name"):
            kind = local_name(element)
            if kind in _NAMED or kind in ("decision", "inputData", "businessKnowledgeModel", "decisionService"):
                yield element.get("name", "")


def _part(element: Element, model: Model, reader: Reader) -> None:
    kind = local_name(element)
    name = element.get("name", "")
    own = element.get("id") or name
    key = (model.namespace, own)
    variable = child(element, "variable")
    reader.owner = name
    if kind == "inputData":
        shown = variable.get("name", name) if variable is not None else name
        model.inputs[own] = InputData(key, own, shown, reader.types.resolve(type_ref(variable)))
        model.parts[key] = model.inputs[own]
    elif kind == "decision":
        model.decisions[own] = _decision(element, key, name, variable, reader)
        model.parts[key] = model.decisions[own]
    elif kind == "businessKnowledgeModel":
        model.knowledge[own] = _knowledge(element, key, name, variable, reader)
        model.parts[key] = model.knowledge[own]
    elif kind == "decisionService":
        model.services[own] = Service(
            key,
            own,
            name,
            _result_type(variable, reader),
            _references(element, model.namespace, "outputDecision"),
            _references(element, model.namespace, "encapsulatedDecision"),
            _references(element, model.namespace, "inputDecision"),
            _references(element, model.namespace, "inputData"),
        )
        model.parts[key] = model.services[own]


def _decision(element: Element, key: Key, name: str, variable: Element | None, reader: Reader) -> Decision:
    reader.used = set()
    question = child(element, "question")
    decision = Decision(
        key,
        key[1],
        name,
        variable.get("name", name) if variable is not None else name,
        reader.types.resolve(type_ref(variable)),
        requires=_requirements(element, key[0]),
        question=(question.text or "").strip() if question is not None else "",
        properties=properties(element),
    )
    box = find_box(element)
    if box is not None and local_name(box) == "decisionTable":
        decision.table = columns.read_table(box, reader)
        decision.logic = decision.table.evaluate
    elif box is not None:
        decision.logic = compile_box(box, reader)
    decision.free = frozenset(reader.used - reader.declared)
    return decision


def _knowledge(element: Element, key: Key, name: str, variable: Element | None, reader: Reader) -> Knowledge:
    logic = child(element, "encapsulatedLogic")
    knowledge = Knowledge(key, key[1], variable.get("name", name) if variable is not None else name)
    knowledge.type = _result_type(variable, reader)
    knowledge.requires = _requirements(element, key[0])
    if logic is None:
        return knowledge
    for each in children(logic, "formalParameter"):
        knowledge.parameters.append((each.get("name", ""), reader.types.resolve(type_ref(each))))
    box = find_box(logic)
    if box is not None and logic.get("kind", "FEEL") == "FEEL":
        knowledge.logic = reader.typed(compile_box(box, reader), type_ref(logic))
    return knowledge


def _result_type(variable: Element | None, reader: Reader) -> FeelType:
    """The type of what a function returns; its variable may have the type of the function or that of the result."""
    kind = reader.types.resolve(type_ref(variable))
    return (kind.result or ANY) if kind.name == "function" else kind


def _requirements(element: Element, namespace: str) -> list[Key]:
    found: list[Key] = []
    for requirement in children(element, "informationRequirement", "knowledgeRequirement"):
        found += _references(requirement, namespace, "requiredInput", "requiredDecision", "requiredKnowledge")
    return found


def _references(element: Element, namespace: str, *names: str) -> list[Key]:
    found: list[Key] = []
    for each in children(element, *names):
        space, _, own = each.get("href", "").rpartition("#")
        found.append((space or namespace, own))
    return found


def _check_references(model: Model, root: Element) -> None:
    parts: list[Decision | Knowledge] = [*model.decisions.values(), *model.knowledge.values()]
    for decision in parts:
        for key in decision.requires:
            if key not in model.parts:
                reason = f"引用的元素 {key[1]} 不存在"
                model.faults.append(Fault(reason, decision.id, decision.name, None, "reference"))
