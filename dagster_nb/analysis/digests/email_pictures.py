"""Small pictures with captions for a digest, drawn with the block characters of Unicode in color.

Gmail and Outlook remove SVG from emails, and do not show images that are part of the page. Text is always shown, even
in a notebook that is not trusted, and fits the size and the background of the page.
"""

from __future__ import annotations

import math
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from dagster_nb.analysis.read_columns import creation_times, seconds, strings, times
from dagster_nb.statuses import BLUE, GREEN, RED, status_of
from dagster_nb.words import count_text, duration_text, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["FAINT", "bar_picture", "daily_runs_picture", "duration_picture", "recent_runs_picture"]

FAINT = "opacity:0.75;font-size:13px"
"""The style of small text."""

_LEVELS = "▁▂▃▄▅▆▇█"
# The number of bars that fit on a phone screen 360 pixels wide.
_MAX_BARS = 36
_MAX_BARS_OF_DURATIONS = 18


def daily_runs_picture(runs: pd.DataFrame, as_of: pd.Timestamp, days: int = 14) -> str:
    """Return a picture of all runs and of the failed runs on each of the last days, or "" if there are no runs."""
    age = ((as_of - creation_times(runs)).dt.total_seconds() // 86_400).to_numpy()
    failed = strings(runs, "status").eq("FAILURE").fillna(value=False).to_numpy(dtype=bool)
    order = range(days - 1, -1, -1)
    counts = [int((age == day).sum()) for day in order]
    failures = [int(((age == day) & failed).sum()) for day in order]
    if not any(counts):
        return ""
    text = f"{plural(sum(counts), 'run')} in the last {days} days, at most {count_text(max(counts))} in a day (green)"
    rows = [[(GREEN, count / max(counts)) for count in counts]]
    if any(failures):
        text += (
            f"; {count_text(sum(failures))} of them failed, at most {count_text(max(failures))} in a day "
            "(orange, with a scale of its own)"
        )
        rows.append([(RED, count / max(failures)) for count in failures])
    else:
        text += "; none of them failed"
    return _picture(rows, text, size=20)


def recent_runs_picture(runs: pd.DataFrame, description: str) -> str:
    """Return a picture with one mark per run and the newest run on the right. The marks of failed runs are taller."""
    names = strings(runs, "status").fillna("UNKNOWN").tolist()[-_MAX_BARS:]
    return bar_picture(
        [(status_of(name).color, 1.0 if name == "FAILURE" else 0.5) for name in names],
        f"{description}: the last {plural(len(names), 'run')}, {names.count('FAILURE')} of them failed (tall)",
    )


def bar_picture(bars: Sequence[tuple[str, float]], description: str) -> str:
    """Return a picture with one bar per item.

    Parameters
    ----------
    bars
        The color and the height (0 to 1) of each bar; if there are too many bars, only the last bars are shown.
    description
        A description of the picture, for its caption.
    """
    return _picture([bars[-_MAX_BARS:]], description, size=13) if bars else ""


def duration_picture(before: pd.DataFrame, after: pd.DataFrame, description: str) -> str:
    """Return a picture of run durations before and after a change. Each bar is the median of several runs."""
    sides = [_medians(group) for group in (before, after)]
    if not all(sides):
        return ""
    highest = max(max(side) for side in sides) or 1.0
    bars = [(color, value / highest) for side, color in zip(sides, (BLUE, RED), strict=True) for value in side]
    medians = [duration_text(float(np.nanmedian(seconds(group["duration"])))) for group in (before, after)]
    text = f"{description}: median {medians[0]} before (blue) and {medians[1]} after (orange)"
    return _picture([bars], text, size=13)


def _medians(runs: pd.DataFrame) -> list[float]:
    """Divide runs, oldest first, into groups of about the same size, and return the median duration of each group."""
    order = np.argsort(times(runs, "start_time").astype("int64").to_numpy(), kind="stable")
    lengths = seconds(runs["duration"])[order]
    lengths = lengths[~np.isnan(lengths)]
    groups = np.array_split(lengths, min(len(lengths), _MAX_BARS_OF_DURATIONS)) if len(lengths) else []
    return [float(np.median(group)) for group in groups]


def _picture(rows: Sequence[Sequence[tuple[str, float]]], description: str, size: int) -> str:
    name = escape(description)
    return (
        f'<div role="img" aria-label="{name}" style="margin:6px 0 2px;font:{size}px/1.3 Menlo,Consolas,'
        f"'DejaVu Sans Mono',monospace;letter-spacing:1px\">{'<br>'.join(map(_blocks, rows))}</div>"
        f'<p style="margin:0 0 4px;{FAINT}">{name}</p>'
    )


def _blocks(bars: Sequence[tuple[str, float]]) -> str:
    """Return one block character per bar, with one HTML element for neighboring bars of the same color."""
    return "".join(
        f'<span style="color:{color}">{"".join(_block(height) for _, height in group)}</span>'
        for color, group in groupby(bars, key=lambda bar: bar[0])
    )


def _block(height: float) -> str:
    """Return the character of a bar, or a space if its height is zero."""
    level = math.ceil(min(height, 1.0) * len(_LEVELS))
    return _LEVELS[level - 1] if level > 0 else "&nbsp;"
