"""Show frames of runs, steps or events as readable tables."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.statuses import status_of
from dagster_nb.terminal_text import terminal_text
from dagster_nb.time_zones import time_zone, zone_name
from dagster_nb.words import MISSING, count_text, duration_text, plural, short_id, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

__all__ = ["StyledFrame", "style"]

# Columns that an overview of runs does not need.
_DETAILS = ("end_time", "update_time", "repository", "root_run_id", "parent_run_id", "tags")
_MAX_TEXT = 80
# Above this limit, Python's format with four significant digits uses an exponent.
_MAX_WITH_DIGITS = 10_000


class StyledFrame:
    """The result of `style`: a frame that is shown as a readable table, in a notebook and as text.

    Parameters
    ----------
    frame
        The rows and columns to show.
    zone
        The time zone for times.
    caption
        The caption below the table.
    """

    def __init__(self, frame: pd.DataFrame, zone: tzinfo, caption: str):
        self._frame = frame
        self._zone = zone
        self._caption = caption

    def __repr__(self) -> str:
        columns = {name: [self._text(name, value) for value in self._frame[name]] for name in self._frame}
        return terminal_text(f"{pd.DataFrame(columns).to_string(index=False)}\n{self._caption}")

    def _repr_html_(self) -> str:
        columns = [self._html_column(str(name), self._frame[name]) for name in self._frame]
        head = "".join(column.pop(0) for column in columns)
        body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns, strict=True))
        return (
            f'<table style="font-variant-numeric: tabular-nums"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table><p>{escape(self._caption)}</p>"
        )

    def _text(self, name: object, value: object) -> str:
        if isinstance(value, dict):
            text = ", ".join(f"{key}: {own}" for key, own in value.items())
        elif isinstance(value, list | tuple):
            text = ", ".join(map(str, value))
        elif pd.isna(value):  # type: ignore[call-overload]
            return MISSING
        elif isinstance(value, timedelta):
            return duration_text(pd.Timedelta(value))
        elif isinstance(value, pd.Timestamp):
            return time_text(value.tz_convert(self._zone) if value.tzinfo else value)
        elif str(name).endswith("run_id"):
            return short_id(str(value))
        elif _is_run_status(name, value):
            return f"{status_of(str(value)).symbol} {value}"
        elif isinstance(value, float):
            text = f"{value:,.4g}" if abs(value) < _MAX_WITH_DIGITS else f"{value:,.0f}"
        else:
            text = " ".join(str(value).split())
        return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"

    def _html_column(self, name: str, values: pd.Series) -> list[str]:
        """Return the HTML of a column's header and cells. Numbers and durations are right-aligned."""
        first = next(iter(values.dropna()), None)
        is_number = isinstance(first, timedelta | int | float) and not isinstance(first, bool)
        css = f"text-align: {'right' if is_number else 'left'}; white-space: nowrap"
        return [f'<th style="{css}">{escape(name)}</th>', *(self._cell(name, value, css) for value in values)]

    def _cell(self, name: str, value: object, css: str) -> str:
        text = escape(self._text(name, value))
        if _is_run_status(name, value):
            symbol, _, word = text.partition(" ")
            text = f'<span style="color: {status_of(str(value)).color}">{symbol}</span> {word}'
        title = f' title="{escape(str(value))}"' if name.endswith("run_id") and text != MISSING else ""
        return f'<td style="{css}"{title}>{text}</td>'


def _is_run_status(name: object, value: object) -> bool:
    """Return whether a value is the status of a run or step. The statuses of code locations are in lower case."""
    return name == "status" and isinstance(value, str) and value.isupper()


def style(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    max_rows: int = 20,
    tz: str | tzinfo = "UTC",
) -> StyledFrame:
    """Return a readable view of a frame, with short run ids, readable durations, and statuses with colors and symbols.

    The frame itself is not changed.

    Parameters
    ----------
    frame
        A frame from a client's method, such as ``client.runs()``.
    columns
        The columns to show, in this order. By default, all columns that are not empty are shown, except some details of
        runs: the end, the last update, the repository, related runs and tags.
    max_rows
        The maximum number of rows to show, starting with the first row.
    tz
        The time zone for times, as an IANA name.

    Returns
    -------
    StyledFrame
        A table for display in a notebook or a terminal. The caption shows how many rows and columns are left out.

    Raises
    ------
    ValueError
        If the frame lacks one of the columns, or the time zone does not exist.

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "run_id": ["4ba746c7-9b3f-4f0a-8d1c-1a2b3c4d5e6f"],
    ...     "job_name": ["etl"],
    ...     "status": ["SUCCESS"],
    ...     "duration": pd.to_timedelta([90], unit="s"),
    ... })
    >>> style(runs)
      run_id job_name    status   duration
    4ba746c7      etl ● SUCCESS 1 min 30 s
    1 row
    """
    zone = time_zone(tz)
    if columns is None:
        shown = [name for name in frame if name not in _DETAILS and (frame.empty or frame[name].notna().any())]
    else:
        shown = [columns] if isinstance(columns, str) else list(columns)
        if missing := [name for name in shown if name not in frame]:
            raise ValueError(
                f"the frame has no column {missing[0]!r}. Choose from its columns: {', '.join(map(str, frame))}."
            )
    rows = frame[shown].head(max_rows)
    parts = [plural(len(rows), "row") if len(rows) == len(frame) else f"{len(rows)} of {plural(len(frame), 'row')}"]
    if any(isinstance(value, pd.Timestamp) for name in rows for value in rows[name]):
        parts.append(f"times in {zone_name(zone)}")
    if len(shown) < len(frame.columns):
        hint = " (columns=… selects others)" if columns is None else ""
        parts.append(f"{count_text(len(shown))} of {count_text(len(frame.columns))} columns{hint}")
    return StyledFrame(rows, zone, " · ".join(parts))
