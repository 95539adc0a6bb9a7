"""Draw charts of runs, steps, jobs and assets. Each function takes a DataFrame and returns matplotlib Axes.

Without ``ax``, a function draws on pyplot's current axes. With ``ax``, a function does not import pyplot. If your
notebook has a dark theme, run ``matplotlib.rcParams.update(dnb.plot.theme("dark", background="none"))`` once. See
`theme` for details.

`chart_index` returns the run, step or group of each mark in a chart.
"""

from dagster_nb.plot._asset_graph import asset_graph
from dagster_nb.plot._automation_ticks import ticks
from dagster_nb.plot._duration_trend import duration_trend
from dagster_nb.plot._durations import durations
from dagster_nb.plot._job_graph import job_graph
from dagster_nb.plot._mark_positions import ChartIndex, chart_index
from dagster_nb.plot._metadata import metadata
from dagster_nb.plot._partitions import partitions
from dagster_nb.plot._queue_durations import queue_durations
from dagster_nb.plot._slow_steps import slow_steps
from dagster_nb.plot._status_charts import status_counts, success_rate
from dagster_nb.plot._step_gantt import step_gantt
from dagster_nb.plot._theme import theme
from dagster_nb.plot._timeline import timeline

__all__ = [
    "ChartIndex",
    "asset_graph",
    "chart_index",
    "duration_trend",
    "durations",
    "job_graph",
    "metadata",
    "partitions",
    "queue_durations",
    "slow_steps",
    "status_counts",
    "step_gantt",
    "success_rate",
    "theme",
    "ticks",
    "timeline",
]
