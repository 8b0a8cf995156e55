"""Where a case stands: a tree of tokens at nodes, and the compact snapshot that it is kept as.

Kinds: `case` is the root; `act` works or waits at a node (a subprocess or call has tokens below it); `body` holds the
items of a multi-instance activity; `path` holds what came of one activity that was begun in an ad-hoc subprocess, with
the variables written there; `sub` waits for a boundary event, an event subprocess or an event after a gateway;
`join` has arrived at a gateway that still waits for others.
A row of the snapshot is [id, parent, kind, element, local, info, doc].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.bpmn.host import Host
from engine.bpmn.outcome import State
from engine.bpmn.process import Content, Node, Process
from engine.bpmn.stimuli import Data
from engine.errors import Conflict, Invalid

LIVE = frozenset({"act", "body", "join", "path"})
_NOWHERE: Final = Node("", "", "")


class SnapshotInvalid(Invalid):
    """The snapshot names {element}, which its definition does not have."""


class TokenGone(Conflict):
    """What waited at {token} waits no longer."""


class Token:
    """One place where a case stands.

    `doc` is the document of a called process (of the case at the root); `inner` is the process of the tokens below.
    """

    __slots__ = (
        "alive",
        "children",
        "doc",
        "id",
        "info",
        "inner",
        "inner_key",
        "key",
        "kind",
        "local",
        "node",
        "parent",
        "process",
    )

    def __init__(self, id: int, kind: str, node: Node, parent: Token | None, process: Process, key: str) -> None:
        """This will stand at `node` below `parent`, in `process` whose definition is `key`."""
        self.id, self.kind, self.node, self.parent = id, kind, node, parent
        self.process = self.inner = process
        self.key = self.inner_key = key
        self.local: Data = {}
        self.info: Data = {}
        self.doc: Data | None = None
        self.children: dict[int, Token] = {}
        self.alive = True

    @property
    def above(self) -> Token:
        """This will return the token around this one; the root has none."""
        if self.parent is None:
            raise TokenGone(token=self.id)
        return self.parent

    @property
    def is_item(self) -> bool:
        """This will tell whether this is one item of a multi-instance activity."""
        return self.parent is not None and self.parent.kind == "body" and self.kind == "act"

    @property
    def is_boundary(self) -> bool:
        """This will tell whether this waits at the boundary of the activity above."""
        return self.kind == "sub" and self.node.type == "boundaryEvent"

    @property
    def content(self) -> Content:
        """This will return the nodes that tokens directly below this one stand at."""
        if self.doc is not None:
            return self.inner.content
        return self.node.content or self.inner.content

    @property
    def live_children(self) -> list[Token]:
        """This will return the tokens below that keep this scope open."""
        return [child for child in self.children.values() if child.kind in LIVE]

    @property
    def has_live_children(self) -> bool:
        """This will tell whether a token below keeps this scope open."""
        return any(child.kind in LIVE for child in self.children.values())

    def ancestors(self) -> Iterator[Token]:
        """This will go up to the root, beginning with the token above."""
        token = self.parent
        while token is not None:
            yield token
            token = token.parent

    def descendants(self) -> Iterator[Token]:
        """This will go through all tokens below, in order of their creation within each."""
        stack = list(self.children.values())[::-1]
        while stack:
            token = stack.pop()
            yield token
            stack.extend(list(token.children.values())[::-1])

    def __repr__(self) -> str:
        return f"<{self.kind} {self.id} at {self.node.id}>"


class Tree:
    """All tokens of one case."""

    def __init__(self, root: Token) -> None:
        """This will hold the case of `root` only."""
        self.root = root
        self.tokens: dict[int, Token] = {root.id: root}
        self.next = root.id + 1
        self.joins: dict[int, Token] = {}
        self.conditions: dict[int, Token] = {}

    @classmethod
    def new(cls, process: Process, data: Data) -> Tree:
        """This will begin a case of `process`."""
        root = Token(0, "case", _NOWHERE, None, process, "")
        root.doc = data
        return cls(root)

    @classmethod
    def load(cls, process: Process, state: State, data: Data, host: Host) -> Tree:
        """This will restore a case from its snapshot, whose rows stand in the order of their creation or nesting."""
        tree = cls.new(process, data)
        for row in state["tokens"]:
            if row[1] is None:
                tree.root.info = dict(row[5]) if row[5] else {}
            else:
                tree.restore(row, host)
        tree.next = state["next"]
        return tree

    def restore(self, row: list[Any], host: Host) -> Token:
        """This will put a token where a row of a snapshot has it; the token above stands already."""
        id, parent, kind, element, local, info, doc = row
        above = self.tokens[parent]
        boundary = kind == "sub" and above.kind != "case" and element in above.process.nodes
        boundary = boundary and above.process.nodes[element].attached_to == above.node.id
        owner, key = (above.process, above.key) if boundary else (above.inner, above.inner_key)
        node = owner.nodes.get(element)
        if node is None and owner.closing is not None and element == owner.id:
            node = owner.closing
        if node is None:
            raise SnapshotInvalid(element=element)
        token = Token(id, kind, node, above, owner, key)
        if local:
            token.local = dict(local)
        if info:
            token.info = dict(info)
            if "key" in info:
                token.inner_key = info["key"]
                token.inner = host.definition(info["key"])
        if doc is not None:
            token.doc = dict(doc)
        self._attach(token, above)
        return token

    def dump(self) -> State:
        """This will write the snapshot: parents before children, nothing that the definition already says."""
        rows: list[list[Any]] = []
        root = self.root
        if root.info:
            rows.append([root.id, None, root.kind, None, None, root.info, None])
        for token in root.descendants():
            above = token.parent.id if token.parent is not None else None
            rows.append(
                [token.id, above, token.kind, token.node.id, token.local or None, token.info or None, token.doc]
            )
        return {"v": 1, "next": self.next, "tokens": rows}

    def add(self, kind: str, node: Node, parent: Token, boundary: bool = False) -> Token:
        """This will put a new token at `node` below `parent`; a `boundary` one is of the process of its activity."""
        owner, key = (parent.process, parent.key) if boundary else (parent.inner, parent.inner_key)
        token = Token(self.next, kind, node, parent, owner, key)
        self.next += 1
        self._attach(token, parent)
        return token

    def _attach(self, token: Token, above: Token) -> None:
        self.tokens[token.id] = above.children[token.id] = token
        if token.kind == "join":
            self.joins[token.id] = token
        elif token.kind != "body" and token.node.event is not None and token.node.event.kind == "conditional":
            self.conditions[token.id] = token

    def renew(self, token: Token) -> Token:
        """This will put a new token in place of `token`, with all that it knew and everything below it."""
        new = self.add(token.kind, token.node, token.above)
        new.local, new.info, new.doc = token.local, token.info, token.doc
        new.children, token.children = token.children, {}
        for child in new.children.values():
            child.parent = new
        self.remove(token)
        return new

    def remove(self, token: Token) -> None:
        """This will take away one token that has nothing below it any more."""
        token.alive = False
        del self.tokens[token.id]
        self.joins.pop(token.id, None)
        self.conditions.pop(token.id, None)
        del token.above.children[token.id]
