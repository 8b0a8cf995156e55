"""Small decision models for the tests."""

from __future__ import annotations

NAMESPACES = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/MODEL/",
}


def definitions(body: str, version: str = "1.5", name: str = "模型", namespace: str = "urn:test") -> bytes:
    """This will wrap elements into a model."""
    zeebe = 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    head = f'<definitions xmlns="{NAMESPACES[version]}" {zeebe} id="m" name="{name}" namespace="{namespace}">'
    return f"{head}{body}</definitions>".encode()


def escaped(text: str) -> str:
    """This will write text for XML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def literal(text: str) -> str:
    """This will write a literal expression."""
    return f"<literalExpression><text>{escaped(text)}</text></literalExpression>"


def inputs(*names: str, type_ref: str = "Any") -> str:
    """This will write input data; the name is the id."""
    return "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{type_ref}"/></inputData>'
        for name in names
    )


def decision(name: str, logic: str, *requires: str, type_ref: str = "Any") -> str:
    """This will write a decision; `requires` are inputs as `名`, decisions as `!名`, knowledge as `*名`."""
    needed = ""
    for each in requires:
        if each.startswith("*"):
            needed += f'<knowledgeRequirement><requiredKnowledge href="#{each[1:]}"/></knowledgeRequirement>'
        else:
            kind = "requiredDecision" if each.startswith("!") else "requiredInput"
            needed += f'<informationRequirement><{kind} href="#{each.lstrip("!")}"/></informationRequirement>'
    variable = f'<variable name="{name}" typeRef="{type_ref}"/>'
    return f'<decision id="{name}" name="{name}">{variable}{needed}{logic}</decision>'


def table(
    policy: str,
    columns: list[str],
    outputs: list[str],
    rows: list[list[str]],
    aggregation: str = "",
) -> str:
    """This will write a table. A column is `name` or `name|allowed`, an output `name|type|values|default`."""
    xml = (
        f'<decisionTable hitPolicy="{policy}"{f" aggregation={chr(34)}{aggregation}{chr(34)}" if aggregation else ""}>'
    )
    for column in columns:
        name, _, allowed = column.partition("|")
        xml += f'<input label="{name}"><inputExpression><text>{name}</text></inputExpression>'
        xml += f"<inputValues><text>{escaped(allowed)}</text></inputValues></input>" if allowed else "</input>"
    for output in outputs:
        name, kind, values, default = (output + "|||").split("|")[:4]
        xml += f'<output name="{name}"' + (f' typeRef="{kind}">' if kind else ">")
        xml += f"<outputValues><text>{escaped(values)}</text></outputValues>" if values else ""
        xml += f"<defaultOutputEntry><text>{escaped(default)}</text></defaultOutputEntry>" if default else ""
        xml += "</output>"
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f"<{'inputEntry' if index < len(columns) else 'outputEntry'}><text>{escaped(cell)}</text>"
            f"</{'inputEntry' if index < len(columns) else 'outputEntry'}>"
            for index, cell in enumerate(row[: len(columns) + len(outputs)])
        )
        notes = "".join(
            f"<annotationEntry><text>{note}</text></annotationEntry>" for note in row[len(columns) + len(outputs) :]
        )
        xml += f'<rule id="r{number}">{cells}{notes}</rule>'
    return xml + "</decisionTable>"
