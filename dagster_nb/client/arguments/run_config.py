"""Parse run configs: a dict, Dagster's ``RunConfig``, or the YAML or JSON of a launchpad."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import date, time
from enum import Enum
from typing import Any, Protocol, TypeAlias

import yaml

from dagster_nb.errors import RunConfigInvalidError
from dagster_nb.graphql.redact_config_and_tags import REDACTED, holds_redacted_value

__all__ = ["RunConfigLike", "parse_run_config"]


class HasConfigDict(Protocol):
    """Dagster's ``RunConfig``, or any other object with a ``to_config_dict`` method."""

    def to_config_dict(self) -> Mapping[str, Any]:
        """Return the config as a dict."""


RunConfigLike: TypeAlias = Mapping[str, Any] | HasConfigDict | str
"""A run config: a dict, Dagster's ``RunConfig``, or YAML or JSON text."""

# Configs that people write have far fewer levels and values than these limits. Without limits, a config could keep the
# parser busy for minutes or exhaust the memory, because a few lines of nested aliases can expand to millions of values.
_MAX_DEPTH = 100
_MAX_VALUES = 100_000

_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
_MERGE_TAG = "tag:yaml.org,2002:merge"
_STRING_TAG = "tag:yaml.org,2002:str"


def parse_run_config(config: RunConfigLike | None) -> dict[str, Any]:
    """Return a run config as a JSON-encodable dict.

    Text that is valid JSON is parsed as JSON. Other text is parsed as YAML, as Dagster does: a date stays a string. A
    duplicate key is an error, although most YAML and JSON parsers would silently use the last value.

    Parameters
    ----------
    config
        A mapping, a ``RunConfig``, or YAML or JSON text; None and empty text mean an empty config. In a mapping, dates
        and times become ISO 8601 strings, enum members become their values, dataclasses become dicts, tuples become
        lists, and numpy numbers become Python numbers.

    Raises
    ------
    RunConfigInvalidError
        If the text cannot be parsed (the message contains line and column) or is not a mapping; if a value cannot be
        represented in JSON, or is a placeholder of `connect`'s ``redact``; if the config is nested more than 100 levels
        deep; or if it is YAML with more than 100,000 values after its aliases are expanded.
    TypeError
        If the config has another type.

    Examples
    --------
    >>> parse_run_config("ops: {load: {config: {day: 2026-01-31}}}")
    {'ops': {'load': {'config': {'day': '2026-01-31'}}}}
    >>> parse_run_config('{"ops": {"load": {"config": {"rate": 1e-05}}}}')
    {'ops': {'load': {'config': {'rate': 1e-05}}}}
    """
    if config is None:
        return {}
    if isinstance(config, str):
        parsed = _parse_text(config)
        if parsed is None:
            return {}
        if not isinstance(parsed, Mapping):
            raise _not_a_mapping(config, parsed)
    elif hasattr(config, "to_config_dict"):
        parsed = config.to_config_dict()
    else:
        parsed = config
    if not isinstance(parsed, Mapping):
        raise TypeError(f"run_config must be a dict, a RunConfig, or YAML or JSON text, not {type(config).__name__}.")
    plain = _plain_mapping(parsed, "", depth=0)
    if holds_redacted_value(plain):
        raise RunConfigInvalidError(
            f"this run config contains {REDACTED!r}, which stands for a hidden value. Replace it with the real value."
        )
    return plain


def _parse_text(text: str) -> Any:  # noqa: ANN401 - of any kind
    try:
        return json.loads(text, object_pairs_hook=_dict_without_duplicates)
    except (ValueError, RecursionError):
        return _parse_yaml(text)


def _dict_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            # After this error, the text is parsed as YAML. The YAML parser reports the line of the duplicate key.
            raise ValueError(f"the key {key!r} occurs twice in the same object; remove one of the two entries")
        read[key] = value
    return read


class _Loader(yaml.SafeLoader):
    """Reads YAML as Dagster does, but converts keys to strings, rejects duplicates, and limits aliases and depth."""

    def __init__(self, text: str):
        super().__init__(text)
        self._depth = 0
        # The number of values that each anchor expands to, including aliases; None while the anchor is being read.
        self._sizes: dict[str | None, int | None] = {}
        self._total = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - PyYAML's own
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's own
        if isinstance(event, yaml.AliasEvent):
            size = self._sizes.get(event.anchor, 0)
            if size is None:
                raise _problem(
                    f"the value of the anchor &{event.anchor} contains itself; remove *{event.anchor} from it", event
                )
            self._count(size, event)
            return super().compose_node(parent, index)
        if self._depth == _MAX_DEPTH:
            raise _problem(f"the config is nested more than {_MAX_DEPTH} levels deep; use fewer levels", event)
        before = self._total
        self._count(1, event)
        if event.anchor is not None:
            self._sizes[event.anchor] = None
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if event.anchor is not None:
            self._sizes[event.anchor] = self._total - before
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - PyYAML's own
        node = super().compose_mapping_node(anchor)
        keys: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE_TAG:
                continue
            if key.value in keys:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} occurs twice in the same mapping; remove one of the two entries",
                    problem_mark=key.start_mark,
                )
            keys.add(key.value)
            # Without this, the key `on` would become True and the key `1` would become a number, but JSON keys must be
            # strings.
            key.tag = _STRING_TAG
        return node

    def _count(self, values: int, event: Any) -> None:  # noqa: ANN401 - of PyYAML
        self._total += values
        if self._total > _MAX_VALUES:
            raise _problem(
                f"the config has more than {_MAX_VALUES:,} values when its aliases are expanded; use fewer values",
                event,
            )


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP_TAG]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _problem(problem: str, event: Any) -> yaml.MarkedYAMLError:  # noqa: ANN401 - of PyYAML
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _parse_yaml(text: str) -> Any:  # noqa: ANN401 - of any kind
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        snippet = f"\n{mark.get_snippet(indent=2)}" if mark is not None and mark.buffer is not None else ""
        raise RunConfigInvalidError(
            f"this run config is not valid YAML. Correct it{where}: {error.problem or error.context}{snippet}"
        ) from None
    except yaml.YAMLError as error:
        raise RunConfigInvalidError(f"this run config is not valid YAML. Correct it: {error}") from None
    except RecursionError:
        raise RunConfigInvalidError(f"this run config is nested too deeply; use at most {_MAX_DEPTH} levels.") from None
    except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError):
        # PyYAML does not check the text of a value with an explicit tag, such as `!!int x`.
        raise RunConfigInvalidError(
            "this run config is not valid YAML: a value does not match its explicit YAML type, as in `!!int x`. Find "
            "the `!!` in the config, and remove it or correct the value."
        ) from None


def _not_a_mapping(text: str, parsed: object) -> RunConfigInvalidError:
    message = f"a run config must be a mapping, such as 'ops: ...', and not {text.strip()[:60]!r}."
    if isinstance(parsed, str) and parsed.endswith((".yaml", ".yml", ".json")):
        message += f" Pass the file's content: pathlib.Path({parsed!r}).read_text()."
    return RunConfigInvalidError(message)


def _plain_mapping(mapping: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
    plain = {}
    for key, value in mapping.items():
        name = key.value if isinstance(key, Enum) else key
        if isinstance(name, bool) or not isinstance(name, str | int):
            where = path or "the run config"
            raise RunConfigInvalidError(
                f"{where} has the key {key!r}, but keys must be strings. Put the key in quotes."
            )
        plain[str(name)] = _plain(value, f"{path}.{name}" if path else str(name), depth + 1)
    return plain


def _plain(value: Any, path: str, depth: int) -> Any:  # noqa: ANN401 - of any kind
    """Return a value as its JSON-encodable equivalent."""
    if depth > _MAX_DEPTH:
        raise RunConfigInvalidError(
            f"this run config is nested more than {_MAX_DEPTH} levels deep, or contains itself. Use fewer levels, or "
            "remove the reference to itself."
        )
    if isinstance(value, Enum):
        return _plain(value.value, path, depth)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value, path, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _plain_mapping(fields, path, depth)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{position}]", depth + 1) for position, item in enumerate(value)]
    if isinstance(value, date | time) and str(value) != "NaT":
        return value.isoformat()
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0 and not isinstance(value, float):
        return _plain(value.item(), path, depth)
    raise RunConfigInvalidError(
        f"{path} is {value!r} ({type(value).__name__}), which JSON cannot represent. Convert it, for example to a "
        "string."
    )
