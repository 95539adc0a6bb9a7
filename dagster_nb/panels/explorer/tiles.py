"""The numbers on top: how many, how well, how fast; each against the period before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb.analysis import duration_stats
from dagster_nb.panels.markup import attribute, number, span

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["Summary", "Tiles", "summarize", "tiles_html"]


@dataclass(frozen=True)
class Summary:
    """What the tiles say of some runs.

    Parameters
    ----------
    count
        Runs of any status.
    success_rate
        The share of the finished that succeeded; NaN where none has finished.
    p50, p95, queue_p95
        Quantiles of durations and of queue times; NaT where there are none.
    """

    count: int
    success_rate: float
    p50: pd.Timedelta
    p95: pd.Timedelta
    queue_p95: pd.Timedelta


def summarize(runs: pd.DataFrame) -> Summary:
    """Return the numbers of some runs, as `dagster_nb.analysis.duration_stats` has them."""
    if runs.empty:
        nat: Any = pd.NaT
        return Summary(0, float("nan"), nat, nat, nat)
    columns = runs[["status", "duration", "queue_duration"]].assign(all=0)
    row = duration_stats(columns, by="all").iloc[0]
    return Summary(int(row["count"]), float(row["success_rate"]), row["p50"], row["p95"], row["queue_p95"])


def tiles_html(now: Summary, before: Summary | None, *, note: str = "") -> str:
    """Return the tiles as markup.

    Parameters
    ----------
    now
        The runs in view.
    before
        Those of the period before, or None where there is nothing to compare with.
    note
        Why there is not, in plain words.
    """
    rate = "—" if pd.isna(now.success_rate) else _percent(now.success_rate)
    tiles = [
        ("Runs", number(now.count), None if before is None else _count_change(now.count, before.count)),
        ("Success rate", rate, None if before is None else _rate_change(now.success_rate, before.success_rate)),
        ("Median duration", span(now.p50), None if before is None else _span_change(now.p50, before.p50)),
        ("95 % take at most", span(now.p95), None if before is None else _span_change(now.p95, before.p95)),
        ("95 % queue at most", span(now.queue_p95), _span_change(now.queue_p95, before.queue_p95) if before else None),
    ]
    cells = "".join(
        _tile(name, value, change or _Change(note or "nothing to compare with")) for name, value, change in tiles
    )
    return f'<div class="dnb-tiles" role="list" aria-label="Summary of the runs in view">{cells}</div>'


def _whole(words: str) -> str:
    """Return words that no line ends between, as a number and its unit."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


@dataclass(frozen=True)
class _Change:
    words: str
    mood: str = "same"
    was: str = ""


def _tile(name: str, value: str, change: _Change) -> str:
    was = f' title="the period before: {attribute(change.was)}"' if change.was else ""
    return (
        f'<div class="dnb-tile" role="listitem"><div class="dnb-tile-name">{name}</div>'
        f'<div class="dnb-tile-value dnb-number">{value}</div>'
        f'<div class="dnb-tile-change dnb-{change.mood}"{was}>{change.words}</div></div>'
    )


def _count_change(now: int, before: int) -> _Change:
    if before == 0:
        return _Change("none in the period before")
    share = now / before - 1
    return _Change(f"{_whole(f'{_arrow(share)} {_times(now / before)}')} vs. period before", was=number(before))


def _rate_change(now: float, before: float) -> _Change:
    if pd.isna(now) or pd.isna(before):
        return _Change("none finished to compare")
    points = (now - before) * 100
    mood = "same" if abs(points) < 1 else ("better" if points > 0 else "worse")
    by, than = f"{_arrow(points / 100)} {points:+.1f} points", f"vs. {_percent(before)}"
    return _Change(f"{_whole(by)} {_whole(than)}", mood, _percent(before))


def _span_change(now: pd.Timedelta, before: pd.Timedelta) -> _Change:
    if pd.isna(now) or pd.isna(before) or not before:
        return _Change("none to compare")
    factor = now / before
    mood = "same" if 0.9 < factor < 1.1 else ("worse" if factor > 1 else "better")  # noqa: PLR2004
    by, than = f"{_arrow(factor - 1)} {_times(factor)}", f"vs. {span(before)}"
    return _Change(f"{_whole(by)} {_whole(than)}", mood, span(before))


def _times(factor: float) -> str:
    return f"{factor:.2g} times" if factor >= 2 else f"{(factor - 1) * 100:+.0f} %"  # noqa: PLR2004


def _percent(share: float) -> str:
    # Never a round 100 % where something failed.
    digits = 1 if 0 < share < 1 else 0
    shown = min(share, 0.999) if share < 1 else share
    return f"{shown * 100:.{digits}f} %"


def _arrow(change: float) -> str:
    if abs(change) < 0.005:  # noqa: PLR2004
        return "="
    return "▲" if change > 0 else "▼"


class Tiles:
    """Draws the tiles.

    Parameters
    ----------
    model
        Whose runs.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.widget: Any = widgets.HTML(layout=widgets.Layout(width="100%"))
        self.widget.add_class("dnb-tiles-place")

    def draw(self) -> None:
        """Draw them as the runs in view are now."""
        model = self._model
        earlier = model.before()
        before = None if earlier is None else summarize(earlier)
        value = tiles_html(summarize(model.view), before, note=self._why_not())
        if value != self.widget.value:
            self.widget.value = value

    def _why_not(self) -> str:
        if self._model.filters.created_after is None:
            return "all time"
        return "period before not loaded" if not self._model.loading else "period before: loading…"
