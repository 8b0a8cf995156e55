"""The parser's place in the text, and the names that it knows there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .environment import MAX_CHAIN, MAX_NESTING
from .errors import FeelSyntaxError, LimitExceeded
from .lexer import Token, tokenize
from .types import FeelType

if TYPE_CHECKING:
    from .nodes import Node

# words that may follow an operand: a name of several words ends before them unless it is declared with them
STOP_WORDS = frozenset(("and", "or", "between", "in", "then", "else", "return", "satisfies", "instance", "external"))


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What a text may refer to besides its own words: names with spaces, keywords or symbols, and named types."""

    names: Iterable[str] = ()
    types: Mapping[str, FeelType] = field(default_factory=dict)
    words: dict[str, list[tuple[tuple[str, ...], str]]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for name in self.names:
            add_name(self.words, name)


def add_name(words: dict[str, list[tuple[tuple[str, ...], str]]], name: str) -> bool:
    """This will make a name of several tokens findable by its first; longer names come first."""
    try:
        parts = tuple(token.text for token in tokenize(name)[:-1])
    except (FeelSyntaxError, LimitExceeded):
        return False
    if len(parts) < 2:
        return False
    known = words.setdefault(parts[0], [])
    if any(other == parts for other, _ in known):
        return False
    known.append((parts, name))
    known.sort(key=lambda pair: -len(pair[0]))
    return True


class Cursor:
    """A walk over tokens. `parse` is the parser of whole expressions, so that the parts of the grammar may call it."""

    def __init__(self, text: str, vocabulary: Vocabulary, parse: Callable[[Cursor, int], Node]) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self.token = self.tokens[0]
        self.vocabulary = vocabulary
        self.parse = parse
        self.nesting = 0
        self.in_range_end = False
        self.local_words: dict[str, list[tuple[tuple[str, ...], str]]] = {}

    def advance(self) -> Token:
        """This will return the token and go to the next."""
        token = self.token
        self.index += 1
        self.token = self.tokens[min(self.index, len(self.tokens) - 1)]
        return token

    def peek(self, ahead: int = 1) -> Token:
        """This will return a token further on."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def jump(self, index: int) -> None:
        """This will go to a token by its number."""
        self.index = index
        self.token = self.tokens[index]

    def at(self, text: str) -> bool:
        """This will be true at this symbol or word."""
        token = self.token
        return token.text == text and token.kind in ("symbol", "word")

    def take(self, text: str) -> bool:
        """This will step over this symbol or word if it stands here."""
        if self.at(text):
            self.advance()
            return True
        return False

    def expect(self, text: str) -> Token:
        """This will step over this symbol or word. Raises FeelSyntaxError."""
        if not self.at(text):
            raise self.unexpected(text)
        return self.advance()

    def unexpected(self, expected: str) -> FeelSyntaxError:
        """This will return the error for the token that stands here."""
        token = self.token
        if token.kind == "end":
            return FeelSyntaxError(text=self.text, position=token.position, found=None, expected=expected)
        if token.kind == "symbol" and token.text > "\u3000":
            expected = "half-width"
        return FeelSyntaxError(text=self.text, position=token.position, found=token.text, expected=expected)

    def deepen(self) -> None:
        """This will count one more level of nesting. Raises LimitExceeded."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise LimitExceeded("depth", MAX_NESTING)

    def check_chain(self, length: int) -> None:
        """This will refuse a chain of too many operators. Raises LimitExceeded."""
        if length > MAX_CHAIN:
            raise LimitExceeded("depth", MAX_CHAIN)

    def declare(self, name: str) -> None:
        """This will make a name of several tokens known for the rest of the text."""
        if not name.isalnum():
            add_name(self.local_words, name)

    def known_name(self) -> tuple[str, int] | None:
        """This will return the longest declared name that starts here, and how many tokens it has."""
        first = self.token.text
        found: tuple[str, int] | None = None
        for words in (self.local_words, self.vocabulary.words, BUILTIN_WORDS):
            for parts, name in words.get(first, ()):
                if (found is None or len(parts) > found[1]) and self._matches(parts):
                    if words is BUILTIN_WORDS and self.peek(len(parts)).text != "(":
                        continue
                    found = (name, len(parts))
        return found

    def _matches(self, parts: tuple[str, ...]) -> bool:
        index = self.index
        if index + len(parts) >= len(self.tokens):
            return False
        return all(self.tokens[index + offset].text == part for offset, part in enumerate(parts))


# built-in functions whose names contain keywords
BUILTIN_WORDS: dict[str, list[tuple[tuple[str, ...], str]]] = {}
for _name in ("date and time", "years and months duration", "get or else"):
    add_name(BUILTIN_WORDS, _name)
