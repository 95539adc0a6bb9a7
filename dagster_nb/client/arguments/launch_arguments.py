"""Parse the arguments of ``launch`` and ``reexecute`` before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from dagster_nb.client.arguments.job_address import check_names
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.filters import as_strings
from dagster_nb.graphql.redact_config_and_tags import REDACTED, holds_redacted_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.client.arguments.run_config import RunConfigLike

__all__ = ["STRATEGIES", "LaunchArguments", "Strategy", "check_strategy", "parse_tags", "tag_inputs"]

Strategy: TypeAlias = Literal["from_failure", "all_steps", "from_asset_failure"]
"""A re-execution strategy, which determines the part of the run to execute again."""

STRATEGIES: dict[Strategy, str] = {
    "from_failure": "FROM_FAILURE",
    "all_steps": "ALL_STEPS",
    "from_asset_failure": "FROM_ASSET_FAILURE",
}
"""The strategies, with the corresponding members of the schema's ``ReexecutionStrategy``."""


@dataclass(frozen=True, slots=True)
class LaunchArguments:
    """The arguments of one launch, checked as far as possible without the server.

    Parameters
    ----------
    job, run_config, tags, partition_key, location, repository
        The parsed arguments of `DagsterClient.launch`.
    ops, assets
        The selected ops, and the selected assets as lists of components. None selects everything; an empty selection is
        not allowed.
    asset_texts
        The keys of the selected assets that the user passed as strings with a slash. Such a string can mean several
        assets.
    """

    job: str
    run_config: dict[str, Any] | None
    tags: dict[str, str]
    ops: tuple[str, ...] | None
    assets: tuple[tuple[str, ...], ...] | None
    asset_texts: tuple[str, ...]
    partition_key: str | None
    location: str | None
    repository: str | None

    @classmethod
    def parse(
        cls,
        *,
        job: str,
        run_config: RunConfigLike | None = None,
        tags: Mapping[str, Any] | None = None,
        op_selection: str | Iterable[str] | None = None,
        asset_selection: str | Iterable[str | Sequence[str]] | None = None,
        partition_key: str | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> Self:
        """Parse the arguments of `DagsterClient.launch`.

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid. An empty selection is invalid, because the server would treat it as a selection
            of everything.
        RunConfigInvalidError
            If the config cannot be parsed.

        Examples
        --------
        >>> LaunchArguments.parse(job="nightly", op_selection="load").ops
        ('load',)
        """
        check_names(job, location=location, repository=repository)
        if partition_key is not None and not isinstance(partition_key, str):
            raise TypeError(f"partition_key must be a string such as '2026-01-31', not {partition_key!r}.")
        assets = _asset_keys(asset_selection)
        return cls(
            job=job,
            run_config=None if run_config is None else parse_run_config(run_config),
            tags=parse_tags(tags),
            ops=_selection(op_selection, "op_selection"),
            assets=None if assets is None else tuple(map(_asset_path, assets)),
            asset_texts=tuple(key for key in assets or () if isinstance(key, str) and "/" in key),
            partition_key=partition_key,
            location=location,
            repository=repository,
        )

    @property
    def asset_paths(self) -> list[list[str]]:
        """The selected assets as values of the schema's ``AssetKeyInput.path``; empty if all assets are selected."""
        return [list(path) for path in self.assets or ()]

    @property
    def identity(self) -> dict[str, Any]:
        """The arguments as JSON-encodable values, which are equal for equal launches."""
        return asdict(self)


def _selection(names: str | Iterable[str] | None, argument: str) -> tuple[str, ...] | None:
    selected = as_strings(names, argument)
    if selected == ():
        raise ValueError(f"{argument} is empty, so there is nothing to launch. Leave it out to launch everything.")
    return selected


def _asset_keys(assets: str | Iterable[str | Sequence[str]] | None) -> list[Any] | None:
    """Return the selected asset keys, each as a string such as ``"a/b"`` or as a list of components."""
    if assets is None or isinstance(assets, str):
        items: list[Any] | None = None if assets is None else [assets]
    elif isinstance(assets, Iterable) and not isinstance(assets, bytes | Mapping):
        items = list(assets)
    else:
        raise TypeError(f"asset_selection must be asset keys such as 'a/b', not {assets!r}.")
    if items == []:
        raise ValueError("asset_selection is empty, so there is nothing to launch. Leave it out to launch everything.")
    return items


def _asset_path(key: object) -> tuple[str, ...]:
    # Dagster's AssetKey has an attribute `path` with its components.
    components = getattr(key, "path", key)
    path = tuple(key.split("/")) if isinstance(key, str) else components
    if not isinstance(path, list | tuple) or not path or not all(isinstance(part, str) and part for part in path):
        raise TypeError(f"an asset key must be a string such as 'a/b' or a list of its components, not {key!r}.")
    return tuple(path)


def check_strategy(strategy: str) -> None:
    """Raise a `ValueError` if this is not a re-execution strategy."""
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {', '.join(map(repr, STRATEGIES))}, not {strategy!r}.")


def parse_tags(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Return tags with string values. Other values become JSON, as in Dagster's own client.

    Raises
    ------
    TypeError
        If `tags` is not a mapping, a key is not a string, or a value is not JSON-encodable.
    ValueError
        If a value is ``"<redacted>"``, because `connect`'s ``redact`` hid the original.

    Examples
    --------
    >>> parse_tags({"team": "data", "priority": 3})
    {'team': 'data', 'priority': '3'}
    """
    if tags is None:
        return {}
    if not hasattr(tags, "items"):
        raise TypeError(f'tags must be a dict such as {{"team": "data"}}, not {type(tags).__name__}.')
    parsed = {}
    for key, value in tags.items():
        if not isinstance(key, str) or not key:
            raise TypeError(f"the key of a tag must be a non-empty string, not {key!r}.")
        parsed[key] = value if isinstance(value, str) else _json_text(key, value)
    for key, value in parsed.items():
        if holds_redacted_value(value):
            raise ValueError(
                f"the tag {key!r} has the value {REDACTED!r}, which stands for a hidden value. Pass the real value."
            )
    return parsed


def _json_text(key: str, value: object) -> str:
    """Return a value as JSON. Raise an error if the JSON would parse to a different value."""
    try:
        text = json.dumps(value)
        is_same = bool(json.loads(text) == value)
    except (TypeError, ValueError, RecursionError):
        is_same = False
    if not is_same:
        raise TypeError(f"the value of the tag {key!r} must be a string or JSON-encodable, not {value!r}.")
    return text


def tag_inputs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the schema's ``ExecutionTag`` inputs.

    Examples
    --------
    >>> tag_inputs({"team": "data"})
    [{'key': 'team', 'value': 'data'}]
    """
    return [{"key": key, "value": value} for key, value in tags.items()]
