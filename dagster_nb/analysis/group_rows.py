"""Assign runs to groups, and find the largest groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.read_columns import column, strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Groups", "group_table", "named_groups"]

# The singular and plural nouns for the groups of a column.
_NOUNS = {
    "job_name": ("job", "jobs"),
    "location": ("location", "locations"),
    "repository": ("repository", "repositories"),
    "partition_key": ("partition", "partitions"),
}
_OTHER_NOUNS = ("group", "groups")


@dataclass(frozen=True)
class Groups:
    """Numbered groups of rows.

    Parameters
    ----------
    codes
        The position of each row's group in `names`, or -1 for rows without a group.
    names
        The name of each group.
    noun
        The plural noun for the groups, such as ``"jobs"``.
    has_rest
        Whether the last group combines several smaller groups.
    """

    codes: NDArray[np.int64]
    names: list[str]
    noun: str
    has_rest: bool = False

    def selected(self, positions: Sequence[int]) -> Groups:
        """Return the groups at the given positions, in the order of the positions."""
        codes = np.full(len(self.names), -1, dtype=np.int64)
        codes[list(positions)] = np.arange(len(positions))
        names = [self.names[position] for position in positions]
        return replace(self, codes=codes[self.codes], names=names)

    def merged(self, max_groups: int) -> Groups:
        """Return at most `max_groups` groups. The last group contains the rows of all other groups.

        Examples
        --------
        >>> groups = named_groups(pd.DataFrame({"job_name": ["a", "b", "c", "b"]}), "job_name").merged(2)
        >>> groups.codes.tolist(), groups.names
        ([1, 0, 1, 0], ['b', '2 other jobs'])
        """
        check_max_groups(max_groups)
        if len(self.names) <= max_groups:
            return self
        rest = f"{len(self.names) - max_groups + 1} other {self.noun}"
        names = [*self.names[: max_groups - 1], rest]
        return replace(self, codes=np.minimum(self.codes, max_groups - 1), names=names, has_rest=True)


def check_max_groups(max_groups: int) -> None:
    """Raise a ValueError if a number of groups is not positive."""
    if max_groups < 1:
        raise ValueError(f"max_groups must be at least 1, not {max_groups}")


def named_groups(frame: pd.DataFrame, by: str | Sequence[str] | None) -> Groups:
    """Group the rows of a frame, with the largest group first.

    Parameters
    ----------
    frame
        The frame.
    by
        The column or columns to group by. None puts all rows into one group.

    Examples
    --------
    >>> groups = named_groups(pd.DataFrame({"job_name": ["a", "b", "c", "b"]}), "job_name")
    >>> groups.codes.tolist(), groups.names
    ([1, 0, 2, 0], ['b', 'a', 'c'])
    """
    if by is None:
        return Groups(np.zeros(len(frame), dtype=np.int64), ["all runs"], "groups")
    keys = [by] if isinstance(by, str) else list(by)
    singular, noun = _NOUNS.get(keys[0], _OTHER_NOUNS) if len(keys) == 1 else _OTHER_NOUNS
    parts = [strings(frame, key).fillna(f"(no {singular})") for key in keys]
    labels = parts[0]
    for part in parts[1:]:
        labels = labels + " · " + part
    codes, distinct = pd.factorize(labels)
    counts = np.bincount(codes, minlength=len(distinct))
    order = sorted(range(len(distinct)), key=lambda code: (-counts[code], distinct[code]))
    position = np.empty(len(distinct), dtype=np.int64)
    position[order] = np.arange(len(distinct))
    return Groups(position[codes], [str(distinct[code]) for code in order], noun)


def group_table(frame: pd.DataFrame, by: str | Sequence[str] | None) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Group the rows of a frame, with the groups sorted by their values.

    Parameters
    ----------
    frame
        The frame.
    by
        The column or columns to group by. Missing values form a group of their own. None puts all rows into one group.

    Returns
    -------
    codes
        The position of each row's group in `table`.
    table
        One row per group, with the columns of `by` and their dtypes.
    """
    if by is None:
        return np.zeros(len(frame), dtype=np.int64), pd.DataFrame(index=range(1))
    keys = [by] if isinstance(by, str) else list(by)
    labels = pd.DataFrame({key: column(frame, key).reset_index(drop=True) for key in keys})
    grouping = labels.groupby(keys, dropna=False, observed=True, sort=True)
    first = grouping.head(1)
    codes = np.asarray(grouping.ngroup(), dtype=np.int64)
    return codes, first.iloc[np.argsort(codes[first.index])].reset_index(drop=True)
