"""Trying an expression or a decision, as designers do before they put it in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask_babel import get_locale

from engine import access, dmn, feel
from web import current
from web.api import schemas
from web.api.routes import Blueprint

blueprint = Blueprint("api-trials", __name__, url_prefix="/api", description="Try-outs for designers")


@blueprint.post("/feel")
@blueprint.arguments(schemas.FeelTried)
@blueprint.response(200, schemas.FeelResult)
def try_feel(submitted: dict[str, Any]) -> Any:
    """Evaluate a FEEL expression

    Nothing is stored. Answers 422 with line and column when it is no FEEL.
    """
    access.require_designer(current.actor())
    result = feel.parse(submitted["expression"]).explain(submitted["context"], environment())
    language = "zh" if str(get_locale() or "zh").startswith("zh") else "en"
    return {
        "value": result.value,
        "warnings": [
            {"line": warning.line, "column": warning.column, "text": warning.text(language)}
            for warning in result.warnings
        ],
    }


@blueprint.post("/decisions")
@blueprint.arguments(schemas.DecisionTried)
@blueprint.response(200, schemas.DecisionResult)
def try_decision(submitted: dict[str, Any]) -> Any:
    """Evaluate a decision

    Nothing is stored. `log` says which rules matched.
    """
    access.require_designer(current.actor())
    model = dmn.parse(submitted["xml"].encode())
    return dmn.evaluate(model, submitted["decision"], submitted["input"], environment())


def environment() -> feel.Environment:
    """This will return the surroundings of an expression that belongs to no case: now, and the engine's functions."""
    return feel.Environment(now=datetime.now(UTC))
