"""Change the filters so that they select only runs with the same job, launcher or tag as a given run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.frames.runs import LAUNCHED_BY_TAGS

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.filters import ExplorerFilters

__all__ = ["filter_by_cell"]


def filter_by_cell(filters: ExplorerFilters, run: pd.Series, kind: str, key: str = "") -> ExplorerFilters:
    """Return filters that select only runs with the same job, launcher or tag as a given run.

    Parameters
    ----------
    filters
        The current filters.
    run
        A row of a frame of runs.
    kind
        ``"job"``, ``"launched_by"`` or ``"tag"``.
    key
        The key of the tag.

    Examples
    --------
    >>> from dagster_nb.panels.explorer.filters import ExplorerFilters
    >>> run = pd.Series({"job_name": "nightly", "tags": {"user": "mia", "team": "data"}})
    >>> filter_by_cell(ExplorerFilters(), run, "launched_by").tags
    (('user', ('mia',)),)
    """
    if kind == "job":
        return filters if pd.isna(run["job_name"]) else filters.replace(job=(str(run["job_name"]),))
    tags = run["tags"]
    if kind == "launched_by":
        key = next((name for name in LAUNCHED_BY_TAGS if name in tags), "")
    if key not in tags:
        return filters
    return filters.replace(tags=tuple({**dict(filters.tags), key: (tags[key],)}.items()))
