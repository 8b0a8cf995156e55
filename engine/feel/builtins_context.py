"""Context functions (DMN 1.5, table 79) and `get or else`."""

from __future__ import annotations

from typing import Any

from .environment import State
from .registry import NoResult, builtin


@builtin("get value", "m: context, key: string", "m: context, keys: list", null=True)
def _get_value(entries: dict[str, Any], key: str | list[Any]) -> Any:
    value: Any = entries
    for step in [key] if isinstance(key, str) else key:
        if type(value) is not dict or type(step) is not str or step not in value:
            return None
        value = value[step]
    return value if key != [] else None


@builtin("get entries", "m: context", state=True)
def _get_entries(state: State, entries: dict[str, Any]) -> list[Any]:
    state.check_list(len(entries))
    return [{"key": key, "value": value} for key, value in entries.items()]


@builtin("context", "entries: list", state=True)
def _context(state: State, entries: list[Any]) -> dict[str, Any]:
    state.spend(len(entries))
    result: dict[str, Any] = {}
    for entry in entries:
        if type(entry) is not dict or "value" not in entry or type(entry.get("key")) is not str:
            raise NoResult
        if entry["key"] in result:
            raise NoResult
        result[entry["key"]] = entry["value"]
    return result


@builtin(
    "context put",
    "context: context, key: string, value: any",
    "context: context, keys: list, value: any",
    state=True,
)
def _context_put(state: State, entries: dict[str, Any], key: str | list[Any], value: Any) -> Any:
    keys = [key] if isinstance(key, str) else key
    if not keys or len(keys) > 64 or any(type(step) is not str for step in keys):
        raise NoResult
    return _put(state, entries, keys, value)


def _put(state: State, entries: Any, keys: list[Any], value: Any) -> dict[str, Any]:
    if entries is None:
        entries = {}
    if type(entries) is not dict:
        raise NoResult
    state.check_list(len(entries) + 1)
    inner = value if len(keys) == 1 else _put(state, entries.get(keys[0]), keys[1:], value)
    return {**entries, keys[0]: inner}


@builtin("context merge", "contexts: list", state=True)
def _context_merge(state: State, contexts: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for entries in contexts:
        if type(entries) is not dict:
            raise NoResult
        state.check_list(len(result) + len(entries))
        result.update(entries)
    return result


@builtin("get or else", "value: any, default: any", null=True)
def _get_or_else(value: Any, default: Any) -> Any:
    return default if value is None else value


@builtin("is defined", "value: any")
def _is_defined(value: Any) -> bool:
    # calls of this name are compiled by `calls`; here it only takes its place among the names
    return value is not None
