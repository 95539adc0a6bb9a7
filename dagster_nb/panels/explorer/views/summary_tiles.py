"""``Tiles``: the number of runs, the success rate and the durations, compared with the previous period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb.analysis import duration_stats
from dagster_nb.panels.markup import action_button, attribute
from dagster_nb.words import count_text, duration_text, percent_text

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["Summary", "Tiles", "summarize", "tiles_html"]


@dataclass(frozen=True)
class Summary:
    """The numbers that the tiles show.

    Parameters
    ----------
    count
        The number of runs with any status.
    success_rate
        The share of finished runs that succeeded, or NaN if no run has finished.
    p50, p95, queue_p95
        Quantiles of the durations and the queue durations, or NaT if there are none.
    """

    count: int
    success_rate: float
    p50: pd.Timedelta
    p95: pd.Timedelta
    queue_p95: pd.Timedelta


def summarize(runs: pd.DataFrame) -> Summary:
    """Compute the numbers for some runs, using `dagster_nb.analysis.duration_stats`."""
    if runs.empty:
        nat: Any = pd.NaT
        return Summary(0, float("nan"), nat, nat, nat)
    columns = runs[["status", "duration", "queue_duration"]].assign(all=0)
    row = duration_stats(columns, by="all").iloc[0]
    return Summary(int(row["count"]), float(row["success_rate"]), row["p50"], row["p95"], row["queue_p95"])


def tiles_html(now: Summary, before: Summary | None, *, note: str = "") -> str:
    """Return the tiles as HTML.

    Parameters
    ----------
    now
        The numbers for the runs that match the filters.
    before
        The numbers for the previous period, or None if there is no previous period.
    note
        The text to show instead of a comparison if there is no previous period.
    """
    tiles = [
        ("Runs", count_text(now.count), before and _count_change(now.count, before.count)),
        ("Success rate", _rate(now.success_rate), before and _rate_change(now.success_rate, before.success_rate)),
        ("Median duration", _duration(now.p50), before and _duration_change(now.p50, before.p50)),
        ("95th percentile", _duration(now.p95), before and _duration_change(now.p95, before.p95)),
        (
            "95th percentile in queue",
            duration_text(now.queue_p95),
            before and _duration_change(now.queue_p95, before.queue_p95),
        ),
    ]
    cells = "".join(
        _tile(name, value, change or _Change(note or "nothing to compare with")) for name, value, change in tiles
    )
    return f'<div class="dnb-tiles" role="list" aria-label="Summary of the runs">{cells}</div>'


def _rate(success_rate: float) -> str:
    if pd.isna(success_rate):
        return "—"
    if success_rate == 1:
        return percent_text(success_rate)
    return action_button(percent_text(success_rate), "Show the failed runs", "filter_status", "FAILURE")


def _duration(duration: pd.Timedelta) -> str:
    shown = duration_text(duration)
    if pd.isna(duration):
        return shown
    return action_button(
        shown, "Show the runs that took at least as long", "filter_min_duration", duration.total_seconds()
    )


def _unbroken(words: str) -> str:
    """Prevent line breaks in a string, for example between a number and its unit."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


@dataclass(frozen=True)
class _Change:
    text: str
    trend: str = "same"
    was: str = ""


def _tile(name: str, value: str, change: _Change) -> str:
    was = f' title="previous period: {attribute(change.was)}"' if change.was else ""
    return (
        f'<div class="dnb-tile" role="listitem"><div class="dnb-tile-name">{name}</div>'
        f'<div class="dnb-tile-value dnb-number">{value}</div>'
        f'<div class="dnb-tile-change dnb-{change.trend}"{was}>{change.text}</div></div>'
    )


def _count_change(now: int, before: int) -> _Change:
    if before == 0:
        return _Change("none in the previous period")
    share = now / before - 1
    return _Change(
        f"{_unbroken(f'{_arrow(share)} {_times(now / before)}')} vs. previous period", was=count_text(before)
    )


def _rate_change(now: float, before: float) -> _Change:
    if pd.isna(now) or pd.isna(before):
        return _Change("no finished runs to compare")
    points = (now - before) * 100
    trend = "same" if abs(points) < 1 else ("better" if points > 0 else "worse")
    by, than = f"{_arrow(points / 100)} {_signed(points, decimals=1)} points", f"vs. {percent_text(before)}"
    return _Change(f"{_unbroken(by)} {_unbroken(than)}", trend, percent_text(before))


def _duration_change(now: pd.Timedelta, before: pd.Timedelta) -> _Change:
    if pd.isna(now) or pd.isna(before) or not before:
        return _Change("nothing to compare with")
    factor = now / before
    trend = "same" if 0.9 < factor < 1.1 else ("worse" if factor > 1 else "better")  # noqa: PLR2004
    by, than = f"{_arrow(factor - 1)} {_times(factor)}", f"vs. {duration_text(before)}"
    return _Change(f"{_unbroken(by)} {_unbroken(than)}", trend, duration_text(before))


def _times(factor: float) -> str:
    if factor >= 2:  # noqa: PLR2004
        return f"{factor:.2g} times"
    return f"{_signed((factor - 1) * 100, decimals=0)} %"


def _signed(number: float, *, decimals: int) -> str:
    """Return a number with its sign, or ``"0"`` if it is zero when rounded."""
    return f"{number:+.{decimals}f}" if round(number, decimals) else "0"


def _arrow(change: float) -> str:
    if abs(change) < 0.005:  # noqa: PLR2004
        return "="
    return "▲" if change > 0 else "▼"


class Tiles:
    """The tiles that show the numbers.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.widget: Any = widgets.HTML(layout=widgets.Layout(width="100%"))
        self.widget.add_class("dnb-tiles-place")

    def draw(self) -> None:
        """Draw the numbers for the runs that match the filters."""
        model = self._model
        previous = model.previous_period_runs()
        before = None if previous is None else summarize(previous)
        value = tiles_html(summarize(model.runs), before, note=self._note())
        if value != self.widget.value:
            self.widget.value = value

    def _note(self) -> str:
        if self._model.filters.created_after is None:
            return "all time"
        return "previous period: not read" if self._model.reading is None else "previous period: loading…"
