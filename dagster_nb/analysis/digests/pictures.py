"""Small SVG pictures with captions for a digest, without scripts and in the colour of the surrounding text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dagster_nb.analysis.read_columns import creation_times, seconds, strings, times
from dagster_nb.statuses import BLUE, GREEN, GREY, RED, status_of
from dagster_nb.words import duration_text, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["FAINT", "bar_picture", "daily_runs_picture", "duration_picture", "recent_runs_picture"]

FAINT = "opacity:0.75;font-size:13px"
"""The style of small text."""

_WIDTH = 600
_TEXT = 'font-family="sans-serif" font-size="13" fill="currentColor"'
_MAX_BARS = 60


def daily_runs_picture(runs: pd.DataFrame, as_of: pd.Timestamp, days: int = 14) -> str:
    """Return a picture of the runs that succeeded and failed on each of the last days; an empty string without runs."""
    created = creation_times(runs)
    age = ((as_of - created).dt.total_seconds() // 86_400).to_numpy()
    status = strings(runs, "status").to_numpy()
    counts = [
        [int(((age == day) & (status == name)).sum()) for name in ("SUCCESS", "FAILURE")]
        + [int(((age == day) & (status != "SUCCESS") & (status != "FAILURE")).sum())]
        for day in range(days - 1, -1, -1)
    ]
    highest = max(sum(row) for row in counts)
    if not highest:
        return ""
    height, step = 90.0, _WIDTH / days
    parts = []
    for place, row in enumerate(counts):
        bottom = height
        for count, color in zip(row, (GREEN, RED, GREY), strict=True):
            size = count / highest * height
            bottom -= size
            if count:
                parts.append(_rect(place * step + 2, bottom, step - 4, max(size, 1.5), color))
    failed = sum(row[1] for row in counts)
    total = sum(map(sum, counts))
    return _svg(92, "".join(parts), f"{plural(total, 'run')} in the last {days} days, {failed} of them failed (orange)")


def recent_runs_picture(runs: pd.DataFrame, description: str) -> str:
    """Return a picture with one mark per run and the newest run on the right. The marks of failed runs are taller."""
    names = strings(runs, "status").fillna("UNKNOWN").tolist()[-_MAX_BARS:]
    return bar_picture(
        [(status_of(name).color, 1.0 if name == "FAILURE" else 0.55) for name in names],
        f"{description}: the last {plural(len(names), 'run')}, {names.count('FAILURE')} of them failed (tall)",
    )


def bar_picture(bars: Sequence[tuple[str, float]], description: str) -> str:
    """Return a picture with one bar per item.

    Parameters
    ----------
    bars
        The colour and the height (0 to 1) of each bar.
    description
        A description of the picture, for its caption.
    """
    bars = bars[-_MAX_BARS:]
    if not bars:
        return ""
    step = min(_WIDTH / len(bars), 24.0)
    parts = [
        _rect(place * step + 1, 28 * (1 - height), max(step - 2, 1), 28 * height, color)
        for place, (color, height) in enumerate(bars)
    ]
    return _svg(28, "".join(parts), description)


def duration_picture(before: pd.DataFrame, after: pd.DataFrame, description: str) -> str:
    """Return a picture of the durations of runs before and after a change, with the median of each group as a line."""
    when = [times(group, "start_time").astype("int64").to_numpy() for group in (before, after)]
    lengths = [seconds(group["duration"]) for group in (before, after)]
    if not len(when[0]) or not len(when[1]):
        return ""
    first, last = when[0].min(), when[1].max()
    highest = max(float(length.max()) for length in lengths)
    right = _WIDTH - 90
    parts = []
    for moments, length, color in zip(when, lengths, (BLUE, RED), strict=True):
        x = (moments - first) / max(last - first, 1) * right
        y = 95 - length / highest * 90
        parts += [
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="2.5" fill="{color}" fill-opacity="0.55"/>'
            for left, top in list(zip(x, y, strict=True))[-300:]
        ]
        middle = float(sorted(length)[len(length) // 2])
        level = 95 - middle / highest * 90
        label = duration_text(middle)
        parts.append(
            f'<line x1="{x.min():.1f}" x2="{x.max():.1f}" y1="{level:.1f}" y2="{level:.1f}" stroke="{color}" '
            f'stroke-width="2.5"/><text x="{x.max() + 6:.1f}" y="{level + 4:.1f}" {_TEXT}>{label}</text>'
        )
    return _svg(100, "".join(parts), description)


def _rect(x: float, y: float, width: float, height: float, color: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"/>'


def _svg(height: float, content: str, description: str) -> str:
    name = escape(description)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{name}" viewBox="0 0 {_WIDTH} {height:g}" '
        f'width="{_WIDTH}" style="max-width:100%;height:auto;display:block;margin:6px 0">'
        f'<title>{name}</title>{content}</svg><p style="margin:0 0 4px;{FAINT}">{name}</p>'
    )
