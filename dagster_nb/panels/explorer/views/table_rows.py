"""Convert runs to rows of the table in the browser."""

from __future__ import annotations

from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.panels.explorer.columns import DEFAULT_COLUMNS, column_of, column_values
from dagster_nb.statuses import status_of
from dagster_nb.words import duration_so_far_text, duration_text, relative_time_text, short_id, time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

__all__ = ["table_rows"]

_MAX_TAGS = 12
_MAX_CELL_LENGTH = 200
# The Tags column omits these tags, because other columns show them.
_TAGS_IN_COLUMNS = frozenset(
    {"dagster/partition", "dagster/schedule_name", "dagster/sensor_name", "user", "dagster/backfill"}
)


def table_rows(
    runs: pd.DataFrame,
    now: pd.Timestamp,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    zone: tzinfo = UTC,
    *,
    count: int | None = None,
) -> list[dict[str, Any]]:
    """Convert runs to rows of the table in the browser.

    Parameters
    ----------
    runs
        The runs of one page.
    now
        The time when the runs were read, for relative times ("3 h ago") and for the durations of runs in progress.
    columns
        The columns to show: see `dagster_nb.panels.explorer.columns`.
    zone
        The time zone for displayed times.
    count
        The number of rows to return, or None for all. The lengths of the bars depend on all runs in any case.

    Returns
    -------
    list of dict
        One dict per run, with the cell of each column, ``id``, ``short`` (the first part of the id), ``job``,
        ``state``, and the ``hue`` and ``mark`` (a symbol) of the status.
    """
    cells = {
        key: _times(runs, key, now, zone) if kind == "time" else _CELLS[kind](runs, key, now)
        for key in columns
        for kind in [column_of(key).kind]
    }
    rows = []
    every = zip(runs["run_id"], runs["job_name"], runs["status"], *cells.values(), strict=True)
    for run_id, job, status, *values in islice(every, count):
        known = status_of(status)
        row = {"id": run_id, "short": short_id(run_id), "job": _text(job)}
        row |= {"state": str(status), "hue": known.name, "mark": known.symbol}
        rows.append({**row, **dict(zip(cells, values, strict=True))})
    return rows


def _texts(runs: pd.DataFrame, key: str, _now: pd.Timestamp) -> Iterable[str]:
    return (_text(value) for value in column_values(runs, key))


def _times(runs: pd.DataFrame, key: str, now: pd.Timestamp, zone: tzinfo) -> Iterable[Any]:
    """Return each time in three formats: relative to now, in the time zone, and in UTC."""
    times, queued = runs[key], pd.Series(False, index=runs.index)
    if key == "start_time":
        # If a run has not started yet, show when it was queued.
        queued = times.isna()
        times = times.fillna(runs["creation_time"])
    return (
        [f"{'queued ' if is_queued else ''}{relative_time_text(time, now)}", _exact(local), _exact(time)]
        for time, local, is_queued in zip(times, times.dt.tz_convert(zone), queued, strict=True)
    )


def _durations(runs: pd.DataFrame, key: str, now: pd.Timestamp) -> Iterable[Any]:
    """Return each duration as text, together with the length of its bar."""
    durations = runs[key]
    is_in_progress = pd.Series(False, index=runs.index)
    if key == "duration":
        is_in_progress = runs["start_time"].notna() & runs["end_time"].isna()
        durations = durations.mask(is_in_progress, now - runs["start_time"])
    bars = _bar_lengths(durations.dt.total_seconds().to_numpy())
    return (
        [duration_so_far_text(duration) if in_progress else duration_text(duration), bar]
        for duration, in_progress, bar in zip(durations, is_in_progress, bars, strict=True)
    )


def _tags(runs: pd.DataFrame, key: str, _now: pd.Timestamp) -> Iterable[Any]:
    return (
        [
            [name[:_MAX_CELL_LENGTH], str(value)[:_MAX_CELL_LENGTH]]
            for name, value in sorted(tags.items(), key=_users_tags_first)
            if name not in _TAGS_IN_COLUMNS
        ][:_MAX_TAGS]
        for tags in runs[key]
    )


_CELLS: dict[str, Callable[[pd.DataFrame, str, pd.Timestamp], Iterable[Any]]] = {
    "status": _texts,
    "text": _texts,
    "id": _texts,
    "span": _durations,
    "tags": _tags,
}


def _text(value: Any) -> str:  # noqa: ANN401 - a cell
    return "" if pd.isna(value) else str(value)[:_MAX_CELL_LENGTH]


def _exact(time: pd.Timestamp) -> str:
    return "" if pd.isna(time) else time_text(time)


def _users_tags_first(tag: tuple[str, str]) -> tuple[bool, str]:
    return tag[0].startswith("dagster/"), tag[0]


def _bar_lengths(seconds: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """Return the length of each bar from 0 to 1, on a log scale, because durations differ by orders of magnitude."""
    known = seconds[np.isfinite(seconds)]
    if not len(known):
        return [0.0] * len(seconds)
    logs = np.log1p(np.nan_to_num(seconds, nan=0.0).clip(0))
    longest = logs.max() or 1.0
    return [round(float(value), 3) for value in logs / longest]
