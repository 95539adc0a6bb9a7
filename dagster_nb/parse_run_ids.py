"""Parse the argument ``runs`` of many methods, which may contain ids, `Run` objects or frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias, Union
from uuid import UUID

import pandas as pd

__all__ = ["FULL_ID_LENGTH", "HasRunId", "RunsLike", "check_same_server", "one_run_id", "run_ids_of"]

FULL_ID_LENGTH = 36
"""The length of a run id, which is a UUID."""


class HasRunId(Protocol):
    """A `Run`, or any other object with a ``run_id``."""

    @property
    def run_id(self) -> str:
        """The id."""


# The type is a string, because pandas' Series does not accept a type argument at run time.
RunsLike: TypeAlias = Union[str, HasRunId, Iterable[str | HasRunId], "pd.Series[Any]", pd.DataFrame]
"""One or many runs: an id, a `Run`, a list of these, a Series of ids, or a DataFrame with a ``run_id`` column."""


def run_ids_of(runs: RunsLike) -> list[str]:
    """Return the ids of the given runs, in the same order and without duplicates.

    Parameters
    ----------
    runs
        An id or a `Run`, a list of these, a Series of ids, a DataFrame with a ``run_id`` column, or one row of such a
        frame (a Series whose index contains ``run_id``). A row identifies only its own run, not the parent or the root.

    Raises
    ------
    TypeError
        If the value does not identify runs.
    ValueError
        If an id is empty.

    Examples
    --------
    >>> run_ids_of(["a", "b", "a"])
    ['a', 'b']
    >>> run_ids_of(pd.Series({"run_id": "a", "parent_run_id": "b"}))
    ['a']
    """
    if isinstance(runs, pd.DataFrame):
        if "run_id" not in runs.columns:
            raise TypeError("this frame has no run_id column. Pass a frame that has one, such as a frame from runs().")
        items: Iterable[object] = runs["run_id"].tolist()
    elif isinstance(runs, pd.Series):
        items = [runs] if "run_id" in runs.index else _ids_in_series(runs)
    elif isinstance(runs, str) or hasattr(runs, "run_id"):
        items = [runs]
    elif isinstance(runs, Iterable) and not isinstance(runs, bytes | Mapping):
        items = runs
    else:
        raise TypeError(f"expected run ids, Run objects or a frame with a run_id column, got {type(runs).__name__}.")
    return list(dict.fromkeys(_run_id(item) for item in items))


def one_run_id(run: RunsLike) -> str:
    """Return the id of one run.

    Raises
    ------
    TypeError
        If the value does not identify a run.
    ValueError
        If there is no run or more than one.

    Examples
    --------
    >>> one_run_id(["a"])
    'a'
    """
    ids = run_ids_of(run)
    if len(ids) != 1:
        raise ValueError(f"expected one run, got {len(ids)}. Pass a single run id or Run.")
    return ids[0]


def check_same_server(
    runs: object, url: str, *, noun: str = "runs", advice: str = "ids: frame['run_id'].tolist() or run.run_id"
) -> None:
    """Raise an error if runs or other items come from a different server than the one that will act on them.

    Parameters
    ----------
    runs
        Runs, as in `run_ids_of`, or other items from frames. Only frames and `Run` objects record which server they
        come from; ids do not.
    url
        The root URL of the server that will act on the items.
    noun, advice
        What the items are, and what to pass instead. Both are used in the error message.

    Raises
    ------
    ValueError
        If a frame, a row or a `Run` comes from another server.

    Examples
    --------
    >>> frame = pd.DataFrame({"run_id": ["a"]})
    >>> frame.attrs["dagster_nb"] = {"url": "http://staging:3000"}
    >>> check_same_server(frame, "http://staging:3000")
    """
    items = list(runs) if isinstance(runs, list | tuple | set | frozenset) else [runs]
    for item in items:
        facts = getattr(item, "attrs", {}).get("dagster_nb", {})
        source = facts.get("url") or getattr(getattr(item, "_client", None), "url", None)
        if isinstance(source, str) and source != url:
            raise ValueError(
                f"these {noun} come from {source}, but this client is connected to {url}. Use a client for {source}, "
                f"or, if both addresses lead to the same Dagster, pass the {advice}."
            )


def _ids_in_series(series: pd.Series[Any]) -> list[object]:
    """Return the values of a Series of ids. Raise an error if the Series contains other strings, such as job names."""
    values = series.tolist()
    if series.name is not None and not str(series.name).endswith("run_id") and not all(map(_is_uuid, values)):
        raise TypeError(f"the Series {series.name!r} does not contain run ids. Pass a Series such as frame['run_id'].")
    return values


def _run_id(item: object) -> str:
    if isinstance(item, pd.Series) and "run_id" in item.index:
        item = item["run_id"]
    run_id = getattr(item, "run_id", item)
    if not isinstance(run_id, str):
        raise TypeError(f"expected a run id or a Run, got {item!r}.")
    if not run_id:
        raise ValueError("a run id is empty. Pass the id of a run.")
    return run_id


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
