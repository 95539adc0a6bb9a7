"""Frames of outcomes: one row per run or launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.frames import columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["outcomes_frame"]


def outcomes_frame(rows: Sequence[Mapping[str, str | None]], names: Sequence[str]) -> pd.DataFrame:
    """Return outcomes as a frame of strings.

    Parameters
    ----------
    rows
        One dict per row.
    names
        The columns. If a row has no value for a column, the value is NA.

    Examples
    --------
    >>> outcomes_frame([{"run_id": "a", "outcome": "deleted"}], ["run_id", "outcome"])["outcome"].tolist()
    ['deleted']
    """
    return columns.frame({name: columns.strings(row.get(name) for row in rows) for name in names})
