"""Describe the marks in charts of runs, periods and steps."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from dagster_nb import analysis
from dagster_nb.panels.chart_layer import ChartTexts
from dagster_nb.words import (
    MISSING,
    count_text,
    duration_so_far_text,
    duration_text,
    interval_text,
    percent_text,
    plural,
    short_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    import pandas as pd

    from dagster_nb.panels.chart_pixels import ChartPixels

__all__ = ["period_texts", "run_texts", "slow_step_texts"]

_MAX_TAGS = 3
_MAX_LENGTH = 80
_HINTS = {"mark": "open this run", "group": "show only", "legend": "show only"}
_PERIOD_HINTS = {"mark": "show only these runs", "legend": "show only"}


def run_texts(
    runs: pd.DataFrame, pixels: ChartPixels, as_of: pd.Timestamp, zone: tzinfo = UTC, *, with_queue: bool = False
) -> ChartTexts:
    """Return the text that a chart shows for each of its runs.

    Parameters
    ----------
    runs
        The frame that was drawn, with the columns of ``client.runs()``.
    pixels
        The positions of the rows in the chart.
    as_of
        The assumed end time of runs in progress.
    zone
        The time zone for displayed times.
    with_queue
        Whether to include the time in the queue.
    """
    shown = runs.iloc[pixels.rows]
    jobs = set(runs["job_name"].dropna().unique())
    local = shown["start_time"].dt.tz_convert(zone).dt.tz_localize(None).to_numpy(dtype="datetime64[s]")
    started = np.datetime_as_string(local, unit="s").tolist()
    is_in_progress = (shown["start_time"].notna() & shown["end_time"].isna()).to_numpy(dtype=bool)
    durations = shown["duration"].mask(is_in_progress, as_of - shown["start_time"]).dt.total_seconds()
    is_waiting = (shown["start_time"].isna() & shown["end_time"].isna()).to_numpy(dtype=bool)
    waits = shown["queue_duration"].mask(is_waiting, as_of - shown["creation_time"]).dt.total_seconds()
    return ChartTexts(
        label="Chart of runs. Use the arrow keys to move from run to run, and Enter to open a run.",
        ids=shown["run_id"].tolist(),
        names=shown["job_name"].fillna("(no job)").str[:_MAX_LENGTH].tolist(),
        statuses=shown["status"].astype(object).tolist(),
        fields={
            "Run": [short_id(run_id) for run_id in shown["run_id"]],
            "Started": [MISSING if time == "NaT" else time.replace("T", " ") for time in started],
            **({"In the queue": _duration_texts(waits, is_waiting)} if with_queue else {}),
            "Duration": _duration_texts(durations, is_in_progress),
            "Tags": [_tags_text(tags) for tags in shown["tags"]],
        },
        groups=jobs & pixels.group_names,
        legend=set(runs["status"].unique()).intersection(name for name, _ in pixels.legend),
        hints=_HINTS,
    )


def period_texts(periods: pd.DataFrame, pixels: ChartPixels) -> ChartTexts:
    """Return the text that a chart shows for each of its bars or points.

    Parameters
    ----------
    periods
        The periods, with the columns of ``ChartIndex.periods``.
    pixels
        The positions of the legend in the chart.
    """
    statuses = [status for status in periods["status"] if status]
    numbers = zip(periods["succeeded"], periods["runs"], strict=True)
    return ChartTexts(
        label="Chart of periods. Use the arrow keys to move from bar to bar, and Enter to show only the runs of a bar.",
        # These ids stay the same when the chart is drawn again.
        ids=[
            f"{start.isoformat()} {status}" for start, status in zip(periods["start"], periods["status"], strict=True)
        ],
        names=[interval_text(start, end) for start, end in zip(periods["start"], periods["end"], strict=True)],
        statuses=statuses,
        fields={"Runs": [count_text(count) for count in periods["runs"]]}
        if statuses
        else {"Succeeded": [_success_text(succeeded, finished) for succeeded, finished in numbers]},
        legend=set(statuses).intersection(name for name, _ in pixels.legend),
        hints=_PERIOD_HINTS,
    )


def slow_step_texts(steps: pd.DataFrame, pixels: ChartPixels) -> ChartTexts:
    """Return the text that the chart of slow steps shows for each of its bars.

    Parameters
    ----------
    steps
        The frame that was drawn, with the columns of `DagsterClient.steps`.
    pixels
        The positions of the bars in the chart.
    """
    shown = analysis.slow_steps(steps).iloc[pixels.rows]
    return ChartTexts(
        label="Chart of steps. Use the arrow keys to move from bar to bar.",
        ids=shown["step_key"].tolist(),
        names=shown["step_key"].str[:_MAX_LENGTH].tolist(),
        fields={
            "Share of the total time": [percent_text(share) for share in shown["share"]],
            "Executions": [count_text(count) for count in shown["count"]],
            "Median": [duration_text(duration) for duration in shown["p50"]],
            "95th percentile": [duration_text(duration) for duration in shown["p95"]],
        },
    )


def _success_text(succeeded: int, finished: int) -> str:
    share = percent_text(succeeded / finished)
    return f"{count_text(succeeded)} of {plural(finished, 'finished run')} ({share})"


def _duration_texts(seconds: pd.Series, is_in_progress: Iterable[bool]) -> list[str]:
    return [
        duration_so_far_text(duration) if in_progress else duration_text(duration)
        for duration, in_progress in zip(seconds.tolist(), is_in_progress, strict=True)
    ]


def _tags_text(tags: Mapping[str, str]) -> str:
    """Return a few of the tags that users set."""
    own = [f"{key}: {value}"[:_MAX_LENGTH] for key, value in tags.items() if not key.startswith("dagster/")]
    return ", ".join([*own[:_MAX_TAGS], *(["…"] if len(own) > _MAX_TAGS else [])])
