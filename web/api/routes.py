"""flask-smorest's blueprint with types: the library has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from marshmallow import Schema

from web.api.bodies import Parser

View = TypeVar("View", bound=Callable[..., Any])

if TYPE_CHECKING:
    from flask import Blueprint as FlaskBlueprint

    class Blueprint(FlaskBlueprint):
        """A group of operations. The first line of a view's docstring is its summary, the rest its description."""

        def __init__(self, name: str, import_name: str, *, url_prefix: str, description: str) -> None:
            """This will serve below `url_prefix`; `description` is the title of the group."""

        def arguments(self, schema: type[Schema], *, location: str = "json") -> Callable[[View], View]:
            """This will read the arguments by `schema` and give them to the view first."""

        def response(
            self, status_code: int, schema: type[Schema] | None = None, *, content_type: str | None = None
        ) -> Callable[[View], View]:
            """This will write the view's answer by `schema`."""

        def doc(self, **description: Any) -> Callable[[View], View]:
            """This will add to the description of the operation."""

else:
    from flask_smorest import Blueprint as SmorestBlueprint

    class Blueprint(SmorestBlueprint):
        """flask-smorest's own, which reads bodies as we do."""

        ARGUMENTS_PARSER = Parser()


__all__ = ["Blueprint"]
