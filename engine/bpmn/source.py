"""Reading XML that comes from outside: nothing in it may reach the machine, hang the parser or exhaust memory."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.faults import fault
from engine.errors import FaultsFound

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
INTERCHANGE = "http://www.omg.org/spec/BPMN/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
BIHUAN = "http://bihuan.dev/schema/bpmn/1.0"
MODELER = "http://camunda.org/schema/modeler/1.0"

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 60_000
MAX_DEPTH = 120
MAX_SECONDS = 10.0


class Deadline:
    """A limit on the time that reading one diagram may take."""

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        """This will begin to run at once."""
        self.seconds, self.ends = seconds, time.monotonic() + seconds

    def check(self) -> None:
        """This will raise FaultsFound when the time is over."""
        if time.monotonic() > self.ends:
            raise FaultsFound([fault("too-slow", limit=self.seconds)])


_DECLARED = re.compile(r"""^(\s*<\?xml\b[^>]*?)\s+encoding\s*=\s*(["'])([^"'>]*)\2""")
# Those of Python's encodings that are not for text, or take long on a hostile one, are not meant.
_KNOWN = re.compile(
    r"utf[-_]?(8|16|32)([-_]?[lb]e)?|(us-)?ascii|iso-8859-\d+|latin-?1|(windows-|cp)\d+|gbk|gb2312|gb18030|big5|"
    r"shift_jis|euc-(jp|kr)|koi8-[ru]|(x-)?mac-?(roman|intosh)"
)
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# Chinese programs say gb2312 and mean its successors, which have all of its signs and more.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-macroman": "macroman", "x-mac-roman": "macroman"}


def decoded(xml: bytes) -> str:
    """This will return the text of an XML file in whatever encoding it declares; what cannot be read is marked."""
    encoding = next((name for mark, name in _MARKS.items() if xml.startswith(mark)), "")
    if not encoding:
        found = _DECLARED.match(xml[:200].decode("latin-1"))
        encoding = found[3].strip().lower() if found else "utf-8"
        encoding = encoding if _KNOWN.fullmatch(encoding) else "utf-8"
    try:
        return undeclared(xml.decode(_WIDER.get(encoding, encoding), "replace"))
    except LookupError:
        return undeclared(xml.decode("utf-8", "replace"))


def undeclared(text: str) -> str:
    """This will return an XML text without the declaration of an encoding that it has no longer: it is text now."""
    found = _DECLARED.match(text[:200])
    if found is None or found[3].strip().lower() in ("utf-8", "utf8"):
        return text
    return found[1] + text[found.end() :]


def read(xml: bytes) -> etree._Element:
    """This will return the root of a document, or raise FaultsFound when it is too large, hostile or no BPMN."""
    if len(xml) > MAX_BYTES:
        raise FaultsFound([fault("too-large", size=len(xml), limit=MAX_BYTES)])
    if any(name in xml[:200].lower() for name in (b"gb2312", b"gbk")):
        xml = decoded(xml).encode()
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = _parsed(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if b"<!DOCTYPE" in xml[:MAX_BYTES]:
            raise FaultsFound([fault("doctype-refused")]) from None
        raise FaultsFound([fault("xml-malformed", problem=str(error))]) from None
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise FaultsFound([fault("doctype-refused")])
    _measure(root)
    if root.tag != f"{{{MODEL}}}definitions":
        raise FaultsFound([fault("not-bpmn", tag=str(root.tag))])
    return root


_NAMESPACE = re.compile(rb"""(\bxmlns(?::[\w.-]+)?\s*=\s*)("[^"<]*"|'[^'<]*')""")


def _parsed(xml: bytes, parser: etree.XMLParser) -> etree._Element:
    """The root; a tool names a namespace after a project with spaces, which is well-formed, but libxml refuses it."""
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        if "is not a valid URI" not in str(error):
            raise
        return etree.fromstring(_NAMESPACE.sub(lambda found: found[1] + found[2].replace(b" ", b"%20"), xml), parser)


def _measure(root: etree._Element) -> None:
    depth = count = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH:
            raise FaultsFound([fault("too-deep", limit=MAX_DEPTH)])
        if count > MAX_ELEMENTS:
            raise FaultsFound([fault("too-many-elements", limit=MAX_ELEMENTS)])


def is_native(root: etree._Element) -> bool:
    """This will tell whether a document is written in our dialect; any other is imported."""
    if (root.get(f"{{{MODELER}}}executionPlatform") or "").startswith("Camunda Cloud"):
        return True
    own = (f"{{{ZEEBE}}}", f"{{{BIHUAN}}}")
    for element in root.iter(etree.Element):
        if str(element.tag).startswith(own) or any(str(name).startswith(own) for name in element.attrib):
            return True
    return False


def line_of(element: etree._Element) -> int | None:
    """This will return the line of `element` in its file, when known."""
    line = element.sourceline
    return line if isinstance(line, int) else None


def local(element: etree._Element) -> str:
    """This will return the tag of a BPMN element without its namespace, or an empty string for a foreign one."""
    tag = element.tag
    prefix = f"{{{MODEL}}}"
    return tag[len(prefix) :] if isinstance(tag, str) and tag.startswith(prefix) else ""


def bpmn(name: str) -> str:
    """This will return the full tag of a BPMN element."""
    return f"{{{MODEL}}}{name}"


def zeebe(name: str) -> str:
    """This will return the full tag of an extension element of the dialect."""
    return f"{{{ZEEBE}}}{name}"


def bihuan(name: str) -> str:
    """This will return the full name of an extension of ours."""
    return f"{{{BIHUAN}}}{name}"


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """This will go through the BPMN children of `element` that have one of `names`."""
    for child in element:
        if local(child) in names:
            yield child


def child(element: etree._Element, name: str) -> etree._Element | None:
    """This will return the first BPMN child called `name`."""
    return next(children(element, name), None)


def text_of(element: etree._Element | None) -> str:
    """This will return the text of `element` without surrounding whitespace."""
    return "".join(str(part) for part in element.itertext()).strip() if element is not None else ""


def extension(element: etree._Element, tag: str) -> etree._Element | None:
    """This will return the first extension element with the full `tag`."""
    holder = child(element, "extensionElements")
    return holder.find(tag) if holder is not None else None


def extensions(element: etree._Element, tag: str) -> list[etree._Element]:
    """This will return all extension elements with the full `tag`."""
    holder = child(element, "extensionElements")
    return list(holder.findall(tag)) if holder is not None else []
