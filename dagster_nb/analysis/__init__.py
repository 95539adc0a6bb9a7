"""Analyze run history: functions that take and return DataFrames, and the digest, which summarizes a period.

The functions take frames returned by a client, or the same frames read back from a file.
"""

from dagster_nb.analysis.current_slowdowns import current_slowdowns
from dagster_nb.analysis.digests.digest import Digest, digest
from dagster_nb.analysis.durations import duration_stats, slow_steps
from dagster_nb.analysis.regression_search import regressions
from dagster_nb.analysis.run_comparison import compare_runs
from dagster_nb.analysis.similar_failures import failure_groups
from dagster_nb.analysis.status_over_time import status_counts, success_rate
from dagster_nb.analysis.unresolved_runs import unresolved_failures

__all__ = [
    "Digest",
    "compare_runs",
    "current_slowdowns",
    "digest",
    "duration_stats",
    "failure_groups",
    "regressions",
    "slow_steps",
    "status_counts",
    "success_rate",
    "unresolved_failures",
]
