"""Run config as people give it: a dict, or the YAML or JSON text that a launchpad would hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time
from enum import Enum
from typing import Any

import yaml

from dagster_nb.errors import RunConfigInvalidError

__all__ = ["parse_run_config"]

_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
_MERGE_TAG = "tag:yaml.org,2002:merge"
_TEXT_TAG = "tag:yaml.org,2002:str"


def parse_run_config(config: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """Return a run config as a dict that JSON can carry.

    Text is read as Dagster reads it: a date stays the text that it is. A key given twice, of which YAML would silently
    keep the last, is refused.

    Parameters
    ----------
    config
        A mapping, or YAML or JSON text; None and empty text mean none. Dates and times in a mapping become ISO 8601
        text, an enum becomes its value, a tuple a list, a numpy number a plain one.

    Raises
    ------
    RunConfigInvalidError
        If the text does not parse, with line and column, is not a mapping, or holds what JSON cannot carry.
    TypeError
        If it is neither a mapping nor text.

    Examples
    --------
    >>> parse_run_config("ops: {load: {config: {day: 2026-01-31}}}")
    {'ops': {'load': {'config': {'day': '2026-01-31'}}}}
    """
    parsed = _parse_text(config) if isinstance(config, str) else config
    if parsed is None:
        return {}
    if isinstance(parsed, Mapping):
        try:
            return _plain_mapping(parsed, "")
        except RecursionError:
            raise RunConfigInvalidError("this run config holds itself, which JSON cannot carry.") from None
    if not isinstance(config, str):
        raise TypeError(f"run_config takes a dict, or YAML or JSON text, not {type(config).__name__}.")
    message = f"a run config is a mapping, such as 'ops: ...', and this text is not: {config.strip()[:60]!r}."
    if isinstance(parsed, str) and parsed.endswith((".yaml", ".yml", ".json")):
        message += f" Give what is in the file: pathlib.Path({parsed!r}).read_text()."
    raise RunConfigInvalidError(message)


class _Loader(yaml.SafeLoader):
    """YAML as Dagster reads it, with every key as it is written, and none twice."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - PyYAML's own
        node = super().compose_mapping_node(anchor)
        written: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE_TAG:
                continue
            if key.value in written:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark)
            written.add(key.value)
            # Else a key `on` would be True, and `1` a number, which is no key to JSON.
            key.tag = _TEXT_TAG
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parse_text(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        shown = f"\n{mark.get_snippet(indent=2)}" if mark is not None and mark.buffer is not None else ""
        raise RunConfigInvalidError(
            f"this run config is no valid YAML: {where}{error.problem or error.context}{shown}"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise RunConfigInvalidError(f"this run config is no valid YAML: {error}") from None


def _plain_mapping(mapping: Mapping[Any, Any], path: str) -> dict[str, Any]:
    plain = {}
    for key, value in mapping.items():
        name = key.value if isinstance(key, Enum) else key
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise RunConfigInvalidError(
                f"{path or 'the run config'} has the key {key!r}; a key is text. Put it in quotes."
            )
        plain[str(name)] = _plain(value, f"{path}.{name}" if path else str(name))
    return plain


def _plain(value: Any, path: str) -> Any:  # noqa: ANN401 - of any kind
    """Return a value as JSON has it."""
    if isinstance(value, Enum):
        return _plain(value.value, path)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value, path)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{place}]") for place, item in enumerate(value)]
    if isinstance(value, date | time) and str(value) != "NaT":
        return value.isoformat()
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0 and not isinstance(value, float):
        return _plain(value.item(), path)
    raise RunConfigInvalidError(f"{path} is {value!r} ({type(value).__name__}), which JSON cannot carry.")
