"""Translate run filters into conditions on the table, so that only matching parts of its files are read."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from dagster_nb.history.schema import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagster_nb.filters import RunFilters

__all__ = ["begins_with", "is_one_of", "microseconds", "run_condition"]

_CHOICE_COLUMNS = {"job": "job_name", "status": "status", "run_ids": "run_id", "location": "location"}
_BOUND_COLUMNS = {"created": "creation_time", "updated": "update_time"}
# The key of Dagster's hidden tag `repository@location`. The server can filter by this tag, although it does not return
# the tag with a run.
_REPOSITORY_TAG = ".dagster/repository"


def run_condition(filters: RunFilters, *, deleted: bool) -> pc.Expression | None:
    """Return the condition for the runs that match; None if all runs match.

    Parameters
    ----------
    filters
        The filters of the runs.
    deleted
        Whether to include runs that Dagster has deleted.

    Examples
    --------
    >>> from dagster_nb.filters import RunFilters
    >>> run_condition(RunFilters(job=("nightly",)), deleted=True)
    <pyarrow.compute.Expression is_in(job_name, ...)>
    """
    conditions = [] if deleted else [pc.field("deleted_at").is_null()]
    for name, column in _CHOICE_COLUMNS.items():
        if (values := getattr(filters, name)) is not None:
            conditions.append(is_one_of(column, values))
    for name, seconds in filters.bounds().items():
        column, _, direction = name.partition("_")
        time, bound = pc.field(_BOUND_COLUMNS[column]), microseconds(round(seconds * 1_000_000))
        conditions.append(time > bound if direction == "after" else time < bound)
    conditions.extend(_tag_condition(key, values) for key, values in filters.tags)
    return reduce(and_, conditions) if conditions else None


def is_one_of(column: str, values: Iterable[str]) -> pc.Expression:
    """Return the condition that a string column has one of the values."""
    return pc.field(column).isin(pa.array(values, pa.string()))


def begins_with(column: str, prefixes: Iterable[str]) -> pc.Expression:
    """Return the condition that a string column begins with one of the prefixes. ``prefixes`` must not be empty."""
    return reduce(or_, (pc.starts_with(pc.field(column), prefix) for prefix in prefixes))


def microseconds(value: int) -> pa.Scalar:
    """Convert microseconds since 1970 to the table's type for times."""
    return pa.scalar(value, pa.timestamp("us", "UTC"))


def _tag_condition(key: str, values: Sequence[str]) -> pc.Expression:
    """Return the condition that the JSON text of a run's tags contains the key with one of the values.

    JSON escapes quotation marks in strings, so a quotation mark directly after "{" or "," is never part of a string.
    The search text therefore matches only at the beginning of a key.
    """
    if key == _REPOSITORY_TAG:
        label = pc.binary_join_element_wise(pc.field("repository"), pc.field("location"), "@")
        return label.isin(pa.array(values, pa.string()))
    searched = [f"{before}{json_text({key: value})[1:-1]}" for value in values for before in "{,"]
    return reduce(or_, (pc.match_substring(pc.field("tags"), text) for text in searched))
