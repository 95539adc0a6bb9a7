"""Which runs are meant, wherever an argument is called ``runs``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias
from uuid import UUID

import pandas as pd

if TYPE_CHECKING:
    from typing import Any

__all__ = ["HasRunId", "RunsLike", "one_run_id", "run_ids_of"]


class HasRunId(Protocol):
    """A `Run`, or anything else that has a ``run_id``."""

    @property
    def run_id(self) -> str:
        """The id."""


RunsLike: TypeAlias = "str | HasRunId | Iterable[str | HasRunId] | pd.Series[Any] | pd.DataFrame"


def run_ids_of(runs: RunsLike) -> list[str]:
    """Return the ids of the runs meant, each once, in the order given.

    Parameters
    ----------
    runs
        One id or `Run`, many of these, a Series of ids, a DataFrame with a ``run_id`` column, or one row of such a
        frame (a Series whose index holds ``run_id``), which is one run: not also its parent and root.

    Raises
    ------
    TypeError
        If it is anything else.
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
            raise TypeError("this frame has no column 'run_id', so it does not say which runs are meant.")
        items: Iterable[object] = runs["run_id"].tolist()
    elif isinstance(runs, pd.Series):
        items = [runs] if "run_id" in runs.index else _series_ids(runs)
    elif isinstance(runs, str) or hasattr(runs, "run_id"):
        items = [runs]
    elif isinstance(runs, Iterable) and not isinstance(runs, bytes | Mapping):
        items = runs
    else:
        raise TypeError(
            f"these are no runs: {type(runs).__name__}. Give a run id, a Run, a list of these, or a frame with a "
            f"run_id column."
        )
    return list(dict.fromkeys(_run_id(item) for item in items))


def one_run_id(run: RunsLike) -> str:
    """Return the id of the one run meant.

    Raises
    ------
    TypeError
        If it is not a run.
    ValueError
        If it is none or several.

    Examples
    --------
    >>> one_run_id(["a"])
    'a'
    """
    ids = run_ids_of(run)
    if len(ids) != 1:
        raise ValueError(f"this takes one run, not {len(ids)}.")
    return ids[0]


def _series_ids(series: pd.Series[Any]) -> list[object]:
    """Return a column of ids; a column of other texts, such as job names, is told by its name and its values."""
    values = series.tolist()
    if series.name is not None and not str(series.name).endswith("run_id") and not all(map(_is_uuid, values)):
        raise TypeError(f"a Series called {series.name!r} does not hold run ids.")
    return values


def _run_id(item: object) -> str:
    if isinstance(item, pd.Series) and "run_id" in item.index:
        item = item["run_id"]
    run_id = getattr(item, "run_id", item)
    if not isinstance(run_id, str):
        raise TypeError(f"this is no run and no run id: {item!r}")
    if not run_id:
        raise ValueError("an empty text is no run id.")
    return run_id


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
