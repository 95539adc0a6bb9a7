"""The reports in the tabs of the explorer: slow steps, failures, and the comparison of two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb import plot
from dagster_nb.panels.explorer.filters import matching_runs
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.explorer.views.comparison_html import comparison_html
from dagster_nb.panels.explorer.views.failure_groups_html import failure_groups_html
from dagster_nb.panels.explorer.views.mark_texts import slow_step_texts
from dagster_nb.panels.pictures import draw_picture, picture_html
from dagster_nb.panels.reason_forbidden import reason_forbidden
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from dagster_nb.panels.chart_layer import ChartTexts
    from dagster_nb.panels.chart_pixels import ChartPixels
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["COMPARISON", "FAILURES", "REPORTS", "STEPS", "Drawing", "DrawnReport", "Report", "lanes_height"]

_MAX_RUNS_FOR_STEPS = 50
_MAX_FAILED_RUNS = 200
_MAX_STEPS = 12
_COMPARED_RUNS = 2
_MIN_HEIGHT, _LANE_HEIGHT, _MARGINS = 170, 26, 96


@dataclass(frozen=True)
class Drawing:
    """The settings with which a chart or a report is drawn.

    Parameters
    ----------
    zone
        The time zone in which times are shown.
    width
        The width of pictures in CSS pixels.
    dark, background
        As in `dagster_nb.panels.pictures.draw_picture`.
    is_live
        Whether the result is for a live panel, in which buttons work.
    """

    zone: tzinfo
    width: int
    dark: bool = False
    background: str = "none"
    is_live: bool = True


@dataclass(frozen=True)
class DrawnReport:
    """A report as HTML.

    Parameters
    ----------
    html
        The report.
    pixels, texts
        The positions and labels of the marks if the report contains a chart. It is None otherwise.
    """

    html: str
    pixels: ChartPixels | None = None
    texts: ChartTexts | None = None


@dataclass(frozen=True)
class Report:
    """A report that reads data from the source and shows this data as HTML.

    Parameters
    ----------
    name
        A description of the data, such as ``"the failures of 3 failed runs"``.
    read
        A function that reads the data. It is called in a background thread.
    draw
        A function that draws the data.
    """

    name: str
    read: Callable[[], Any]
    draw: Callable[[Any, Drawing], DrawnReport]


def steps_report(model: ExplorerModel) -> Report:
    """Return a report of the steps that take the most time."""
    source: Any = model.source
    runs = model.runs
    ids = runs["run_id"][runs["end_time"].notna() & runs["start_time"].notna()].head(_MAX_RUNS_FOR_STEPS).tolist()
    of = f"the newest {plural(len(ids), 'finished run')}"

    def draw(steps: pd.DataFrame, drawing: Drawing) -> DrawnReport:
        picture = draw_picture(
            lambda ax: plot.slow_steps(steps, tz=drawing.zone, ax=ax),
            width=drawing.width,
            height=lanes_height(min(int(steps["step_key"].nunique()), _MAX_STEPS)),
            dark=drawing.dark,
            background=drawing.background,
        )
        html = picture_html(picture, f"Chart: which steps take the most time in {of}.")
        texts = None if picture.pixels is None else slow_step_texts(steps, picture.pixels)
        return DrawnReport(f'{html}<p class="dnb-muted">The steps of {of}.</p>', picture.pixels, texts)

    return Report(f"the steps of {of}", lambda: source.steps(ids), draw)


def failures_report(model: ExplorerModel) -> Report | str:
    """Return a report of the displayed runs' failures, grouped by cause."""
    source: Any = model.source
    failed = model.runs["run_id"][model.runs["status"] == "FAILURE"]
    if failed.empty:
        return "None of the runs in view failed."
    ids = failed.head(_MAX_FAILED_RUNS).tolist()
    left_out = len(failed) > len(ids)
    of = f"the newest {len(ids):,} of {len(failed):,} failed runs" if left_out else plural(len(ids), "failed run")
    unresolved = int(matching_runs(model.runs, model.filters.replace(only_unresolved=True), model.clock()).sum())
    can_reexecute = has_methods(source, "reexecute_many") and reason_forbidden(source, "reexecute_many") is None

    def draw(failures: pd.DataFrame, drawing: Drawing) -> DrawnReport:
        html = failure_groups_html(
            failures,
            now=model.as_of,
            of=of,
            unresolved=unresolved,
            can_reexecute=can_reexecute,
            zone=drawing.zone,
            is_live=drawing.is_live,
        )
        return DrawnReport(html)

    return Report(f"the failures of {of}", lambda: source.failures(ids), draw)


def comparison_report(model: ExplorerModel) -> Report | str:
    """Return a report of the differences between the two selected runs."""
    source: Any = model.source
    if len(model.selection) != _COMPARED_RUNS:
        return "Select two runs in the table to compare them."
    # Put the older run first, because readers expect changes from left to right.
    ids = list(model.selection[::-1])

    def read() -> tuple[pd.DataFrame, pd.DataFrame | None]:
        runs = pd.concat(source.iter_runs(run_ids=ids, include=("run_config",)))
        ordered = runs.set_index("run_id", drop=False).loc[ids]
        return ordered, source.steps(ids) if has_methods(source, "steps") else None

    def draw(answer: tuple[pd.DataFrame, pd.DataFrame | None], drawing: Drawing) -> DrawnReport:
        return DrawnReport(comparison_html(*answer, zone=drawing.zone))

    return Report("the two runs", read, draw)


STEPS = "Slow steps"
FAILURES = "Failures"
COMPARISON = "Compare two runs"
REPORTS: dict[str, Callable[[ExplorerModel], Report | str]] = {
    STEPS: steps_report,
    FAILURES: failures_report,
    COMPARISON: comparison_report,
}
"""The function that returns the report of each tab, or a sentence if there is nothing to report."""


def lanes_height(lanes: int) -> int:
    """Return the height of a chart with this number of lanes, in CSS pixels."""
    return max(_MIN_HEIGHT, _MARGINS + _LANE_HEIGHT * lanes)
