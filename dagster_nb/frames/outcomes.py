"""Outcomes: what became of each run that something was asked of, in the order given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.frames import columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["outcomes_frame"]


def outcomes_frame(rows: Sequence[Mapping[str, str | None]], names: Sequence[str]) -> pd.DataFrame:
    """Return outcomes as a frame of texts.

    Parameters
    ----------
    rows
        A dict a run.
    names
        The columns; what a row lacks is NA.

    Examples
    --------
    >>> outcomes_frame([{"run_id": "a", "outcome": "deleted"}], ["run_id", "outcome"])["outcome"].tolist()
    ['deleted']
    """
    return columns.frame({name: columns.strings(row.get(name) for row in rows) for name in names})
