"""Warn about misspelled names in the filters of a history: jobs, code locations and tag keys."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

from dagster_nb.errors import DagsterNbWarning
from dagster_nb.history.newest_first_pages import page_conditions
from dagster_nb.similar_names import NEWEST_RUNS, SimilarName, is_checking_names, is_tag_of_dagster, similar_names

if TYPE_CHECKING:
    from dagster_nb.filters import RunFilters
    from dagster_nb.history.table import Table

__all__ = ["warn_about_misspelled_filters"]


def warn_about_misspelled_filters(table: Table, filters: RunFilters, *, stacklevel: int) -> None:
    """Warn about each job, code location and tag key that no run has, but that is similar to an existing one.

    Call this only if no run matches, because it reads a column of all runs for each kind of name in the filters. Inside
    a block of `unchecked_names`, the function does nothing.

    Parameters
    ----------
    table
        The runs.
    filters
        The filters that no run matches.
    stacklevel
        The same as in `warnings.warn`, but counted from the caller of this function.
    """
    if filters.matches_nothing or not is_checking_names():
        return
    found: list[SimilarName] = []
    if filters.job:
        found += similar_names("job", filters.job, _values(table, "job_name"))
    if filters.location:
        found += similar_names("location", filters.location, _values(table, "location"))
    if searched := [key for key, _ in filters.tags if not is_tag_of_dagster(key)]:
        found += similar_names("tag", searched, _newest_tag_keys(table))
    for one in found:
        warnings.warn(f"{one.problem} Did you mean {one.similar!r}?", DagsterNbWarning, stacklevel=stacklevel + 1)


def _values(table: Table, column: str) -> list[str]:
    values: list[str] = table.read([column])[column].unique().drop_null().to_pylist()
    return values


def _newest_tag_keys(table: Table) -> set[str]:
    times = table.read(["creation_time"])["creation_time"]
    condition = next(page_conditions(times, NEWEST_RUNS), None)
    return {key for tags in table.read(["tags"], condition)["tags"].drop_null().to_pylist() for key in json.loads(tags)}
