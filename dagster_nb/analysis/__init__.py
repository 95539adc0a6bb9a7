"""Understanding a history of runs: pure functions, frames in, frames out, no server and no drawing.

They take the frames of a client or of a history, or the same read back from a file.
"""

from dagster_nb.analysis.changes import regressions
from dagster_nb.analysis.comparison import compare_runs
from dagster_nb.analysis.failures import failure_groups, unresolved_failures
from dagster_nb.analysis.over_time import status_counts, success_rate
from dagster_nb.analysis.stats import duration_stats, slow_steps

__all__ = [
    "compare_runs",
    "duration_stats",
    "failure_groups",
    "regressions",
    "slow_steps",
    "status_counts",
    "success_rate",
    "unresolved_failures",
]
