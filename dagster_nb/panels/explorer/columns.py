"""Define the columns of the explorer's table, and parse ``columns=`` and ``sort=``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_nb.filters import as_strings
from dagster_nb.frames.runs import expand_tags

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = [
    "COLUMNS",
    "DEFAULT_COLUMNS",
    "Column",
    "column_of",
    "column_values",
    "parse_columns",
    "parse_sort",
    "sort_text",
    "tag_key",
    "with_column",
]

_TAG_PREFIX = "tags."


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Parameters
    ----------
    key
        The name of the column in a frame of runs, or ``tags.<key>`` for a tag, as in `dagster_nb.expand_tags`.
    name
        The column header.
    kind
        The format in the browser: ``status``, ``text``, ``id``, ``time``, ``span`` (a duration) or ``tags``.
    first
        The sort order after the first click on the header. The order is empty if users cannot sort by the column.
    filters
        The kind of filter to set when a user clicks a value: see `filter_by_cell`.
    """

    key: str
    name: str
    kind: str = "text"
    first: str = "ascending"
    filters: str = ""


COLUMNS: dict[str, Column] = {
    column.key: column
    for column in (
        Column("status", "Status", "status"),
        Column("job_name", "Job", filters="job"),
        Column("creation_time", "Created", "time", "descending"),
        Column("start_time", "Started", "time"),
        Column("end_time", "Ended", "time", "descending"),
        Column("duration", "Duration", "span", "descending"),
        Column("queue_duration", "Queued for", "span", "descending"),
        Column("partition_key", "Partition"),
        Column("tags", "Tags", "tags", ""),
        Column("launched_by", "Launched by", filters="launched_by"),
        Column("location", "Code location"),
        Column("repository", "Repository"),
        Column("parent_run_id", "Parent run"),
        Column("run_id", "Run", "id"),
    )
}
"""The columns that do not depend on tags, in the order of the table."""

DEFAULT_COLUMNS = (
    "status", "job_name", "start_time", "duration", "partition_key", "tags", "launched_by", "run_id",
)  # fmt: skip


def tag_key(column: str) -> str:
    """Return the key of the tag that a column shows. If the column does not show a single tag, return an empty string.

    Examples
    --------
    >>> tag_key("tags.team"), tag_key("tags")
    ('team', '')
    """
    return column.removeprefix(_TAG_PREFIX) if column.startswith(_TAG_PREFIX) else ""


def column_of(key: str) -> Column:
    """Look up a column by its name in a frame of runs.

    Raises
    ------
    ValueError
        If there is no such column.

    Examples
    --------
    >>> column_of("job_name").name, column_of("tags.team").name
    ('Job', 'team')
    """
    if key in COLUMNS:
        return COLUMNS[key]
    if not tag_key(key):
        raise ValueError(
            f"the table has no column {key!r}. Use one of: {', '.join(COLUMNS)}, or 'tags.<key>' for the values of a "
            f"tag."
        )
    return Column(key, tag_key(key), filters="tag")


def column_values(runs: pd.DataFrame, key: str) -> pd.Series:
    """Return the values of a column, one per run.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame({"run_id": ["1", "2"], "tags": [{"team": "data"}, {}]})
    >>> column_values(runs, "tags.team").tolist()
    ['data', <NA>]
    """
    tag = tag_key(key)
    return expand_tags(runs[["tags"]], tag)[key] if tag else runs[key]


def parse_columns(columns: Iterable[str] | str | None) -> tuple[str, ...]:
    """Parse the columns to show, and remove duplicates. None means `DEFAULT_COLUMNS`.

    Raises
    ------
    TypeError, ValueError
        If a column is unknown, or if there are no columns.

    Examples
    --------
    >>> parse_columns(["job_name", "tags.team"])
    ('job_name', 'tags.team')
    """
    parsed = as_strings(columns, "columns")
    if parsed is None:
        return DEFAULT_COLUMNS
    if not parsed:
        raise ValueError("columns is empty. Name at least one column, or omit columns to show the default columns.")
    return tuple(column_of(key).key for key in parsed)


def parse_sort(sort: str | None) -> tuple[str, bool] | None:
    """Return the column to sort by, and whether the order is ascending. None means newest first.

    Parameters
    ----------
    sort
        The name of a column. A minus sign before the name means descending order.

    Raises
    ------
    TypeError, ValueError
        If the table cannot be sorted by this column.

    Examples
    --------
    >>> parse_sort("job_name"), parse_sort("-duration")
    (('job_name', True), ('duration', False))
    """
    if sort is None:
        return None
    if not isinstance(sort, str):
        raise TypeError(
            f'sort must be the name of a column, such as "duration", or "-duration" for descending order, not '
            f"{type(sort).__name__}."
        )
    key = sort.removeprefix("-")
    if not column_of(key).first:
        raise ValueError(f"the table cannot be sorted by {key!r}. Sort by another column, or by one tag: 'tags.<key>'.")
    return key, not sort.startswith("-")


def sort_text(sort: tuple[str, bool] | None) -> str | None:
    """Return the string that `parse_sort` converts to this sort order.

    Examples
    --------
    >>> sort_text(("duration", False))
    '-duration'
    """
    return None if sort is None else ("" if sort[1] else "-") + sort[0]


def with_column(columns: tuple[str, ...], key: str) -> tuple[str, ...]:
    """Add a column in its place in the order of `COLUMNS`, or a tag at the end.

    Examples
    --------
    >>> with_column(("status", "run_id"), "job_name"), with_column(("status", "run_id"), "tags.team")
    (('status', 'job_name', 'run_id'), ('status', 'run_id', 'tags.team'))
    """
    order = list(COLUMNS)
    if key in columns:
        return columns
    if key not in order:
        return (*columns, key)
    before = order[: order.index(key)]
    place = max((place + 1 for place, one in enumerate(columns) if one in before), default=0)
    return (*columns[:place], key, *columns[place:])
