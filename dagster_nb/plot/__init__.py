"""Charts of runs, steps and jobs: a frame in, Axes out.

Without ``ax`` a chart is drawn as a pyplot function would draw it; with one, pyplot is not even imported.
"""

from dagster_nb.plot._durations import durations
from dagster_nb.plot._graph import job_graph
from dagster_nb.plot._over_time import status_counts, success_rate
from dagster_nb.plot._steps import slow_steps, step_gantt
from dagster_nb.plot._theme import theme
from dagster_nb.plot._timeline import timeline
from dagster_nb.plot._trend import duration_trend, queue_durations

__all__ = [
    "duration_trend",
    "durations",
    "job_graph",
    "queue_durations",
    "slow_steps",
    "status_counts",
    "step_gantt",
    "success_rate",
    "theme",
    "timeline",
]
