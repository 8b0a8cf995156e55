"""DMN files as trees: hostile XML is refused, the five versions of the namespace are read alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.errors import Fault, FaultsFound

MAX_BYTES = 8_000_000
NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
Element = etree._Element


def read(xml: bytes | str) -> Element:
    """This will parse a DMN file; text counts as UTF-8. Raises FaultsFound for what is no DMN or no harmless XML."""
    xml = xml.encode() if isinstance(xml, str) else xml
    if len(xml) > MAX_BYTES:
        raise FaultsFound([Fault(f"DMN 文件超过 {MAX_BYTES // 1_000_000} MB。", code="too-large")])
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        line = getattr(problem, "lineno", None)
        raise FaultsFound([Fault(f"不是有效的 XML：{problem}", line=line, code="not-xml")]) from None
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise FaultsFound([Fault("不接受带有 DOCTYPE 的 XML。", code="doctype")])
    name = etree.QName(root)
    if name.namespace not in NAMESPACES or name.localname != "definitions":
        raise FaultsFound([Fault("不是 DMN 1.1 至 1.5 的模型文件。", line=line_of(root), code="not-dmn")])
    return root


def local_name(element: Element) -> str:
    """This will return the tag without its namespace."""
    return str(etree.QName(element).localname)


def children(element: Element, *names: str) -> Iterator[Element]:
    """This will yield the DMN children with one of these names, or all."""
    for child in element:
        if isinstance(child.tag, str) and (not names or local_name(child) in names):
            yield child


def child(element: Element | None, *names: str) -> Element | None:
    """This will return the first DMN child with one of these names."""
    return next(children(element, *names), None) if element is not None else None


def text_of(element: Element | None) -> str:
    """This will return the content of the `text` child, stripped."""
    found = child(element, "text")
    return "".join(str(part) for part in found.itertext()).strip() if found is not None else ""


def line_of(element: Element) -> int | None:
    """This will return the line of the start tag."""
    return element.sourceline if isinstance(element.sourceline, int) else None


def type_ref(element: Element | None) -> str | None:
    """This will return the typeRef, an attribute since DMN 1.2 and in some 1.1 files a child."""
    if element is None:
        return None
    value = element.get("typeRef")
    if value is None:
        found = child(element, "typeRef")
        value = found.text if found is not None else None
    return value.strip() if value else None


def properties(element: Element) -> dict[str, str]:
    """This will return the extension properties (`zeebe:property name= value=`) and the zeebe:versionTag."""
    found: dict[str, str] = {}
    extensions = child(element, "extensionElements")
    if extensions is None:
        return found
    for each in extensions.iter():
        if not isinstance(each.tag, str):
            continue
        name, value = each.get("name"), each.get("value")
        if local_name(each) == "property" and name and value is not None:
            found[name] = value
        elif local_name(each) == "versionTag" and value:
            found["versionTag"] = value
    return found
