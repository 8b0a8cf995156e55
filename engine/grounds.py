"""Why an operator does something: nothing far-reaching happens without a reason, which the history keeps."""

from __future__ import annotations

from engine.errors import Invalid

LONGEST = 1_000  # characters


class ReasonMissing(Invalid):
    """Say why, in up to {limit} characters."""


def given(reason: str) -> str:
    """This will return a reason without the space around it. Raises ReasonMissing."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST:
        raise ReasonMissing(limit=LONGEST)
    return reason
