"""Read all runs, or only new and changed runs, from a source in a background thread."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.chunks import in_chunks
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    from dagster_nb.panels.background import Task
    from dagster_nb.panels.explorer.filters import ExplorerFilters
    from dagster_nb.panels.explorer.source import RunSource

__all__ = ["FetchProgress", "FetchResult", "fetch_all", "fetch_by_id", "fetch_changes"]

_SECONDS_BETWEEN_REPORTS = 0.35
# The update time of a run is the timestamp of its last event, but Dagster may store the event some time later. So that
# no event is missed, each read starts this long before the previous one.
_OVERLAP = pd.Timedelta(minutes=2)
_MAX_IDS_PER_REQUEST = 500
# If the pages are large, the server needs only half the time. The first page is small, so that rows appear soon.
_PAGE_SIZE = 2_000
_FIRST_ROWS = 100


@dataclass(frozen=True)
class FetchProgress:
    """The runs that have just arrived, and the progress so far.

    Parameters
    ----------
    pages
        Pages of runs.
    count
        The number of runs that have arrived so far.
    total
        The number of runs that match.
    """

    pages: list[pd.DataFrame]
    count: int
    total: int


@dataclass
class FetchResult:
    """The result of a finished read.

    Attributes
    ----------
    run_ids : set of str
        The ids of the runs that were read.
    total : int
        The number of matching runs in the source.
    is_capped : bool
        Whether the source has more matching runs than were read.
    is_full : bool
        Whether all matching runs were requested. If True, runs that are not in `run_ids` have been deleted.
    """

    run_ids: set[str] = field(default_factory=set)
    total: int = 0
    is_capped: bool = False
    is_full: bool = True


def fetch_all(task: Task[Any], source: RunSource, filters: ExplorerFilters, max_runs: int) -> FetchResult:
    """Read all matching runs, and report them as they arrive.

    Parameters
    ----------
    task
        The task to which this function reports `FetchProgress`.
    source
        The source.
    filters
        The filters, with absolute time bounds.
    max_runs
        The maximum number of runs to read.
    """
    result = FetchResult()
    arguments = filters.arguments()
    result.total = source.count_runs(**arguments)
    task.report(FetchProgress([], 0, result.total))
    if result.total > _PAGE_SIZE:
        for page in source.iter_runs(**arguments, limit=_FIRST_ROWS):
            task.report(FetchProgress([page], len(page), result.total))
    unreported: list[pd.DataFrame] = []
    reported_at = time.monotonic()
    pages = source.iter_runs(**arguments, limit=max_runs, page_size=_PAGE_SIZE)
    for page in pages:
        if task.stopped:
            break
        unreported.append(page)
        result.run_ids.update(page["run_id"])
        if time.monotonic() - reported_at >= _SECONDS_BETWEEN_REPORTS:
            task.report(FetchProgress(unreported, len(result.run_ids), max(result.total, len(result.run_ids))))
            unreported, reported_at = [], time.monotonic()
    count = len(result.run_ids)
    task.report(FetchProgress(unreported, count, max(result.total, count)))
    result.is_capped = count >= max_runs and result.total > count
    close = getattr(pages, "close", None)
    if close is not None:
        close()
    return result


def fetch_changes(
    task: Task[Any],
    source: RunSource,
    filters: ExplorerFilters,
    known: pd.DataFrame,
    since: pd.Timestamp,
    max_runs: int,
    *,
    is_complete: bool,
) -> FetchResult:
    """Read the runs that have changed.

    If the number of runs on the server then differs from the expected number, read all runs again.

    Parameters
    ----------
    task, source, filters, max_runs
        As in `fetch_all`.
    known
        The matching runs in memory.
    since
        The time of the previous read.
    is_complete
        Whether `known` contained all matching runs at the time `since`. If False, the number of runs is not checked.
    """
    # Do not filter by status, because a run that no longer has the status has changed too.
    changes = filters.replace(status=None, updated_after=since - _OVERLAP)
    pages = list(source.iter_runs(**changes.arguments(), page_size=_PAGE_SIZE))
    changed = {run_id for page in pages for run_id in page["run_id"]}
    unfinished = known["run_id"][~known["status"].isin(FINISHED).to_numpy(dtype=bool)]
    pages += fetch_by_id(source, [run_id for run_id in unfinished if run_id not in changed])
    total = source.count_runs(**filters.arguments())
    if is_complete and not task.stopped and total != _expected_count(known, pages, filters):
        return fetch_all(task, source, filters, max_runs)
    task.report(FetchProgress(pages, len(known), total))
    return FetchResult(total=total, is_full=False)


def fetch_by_id(source: RunSource, run_ids: list[str]) -> list[pd.DataFrame]:
    """Read runs by id, as pages."""
    pages: list[pd.DataFrame] = []
    for ids in in_chunks(run_ids, _MAX_IDS_PER_REQUEST):
        pages.extend(source.iter_runs(run_ids=ids))
    return pages


def _expected_count(known: pd.DataFrame, pages: list[pd.DataFrame], filters: ExplorerFilters) -> int:
    """Return the number of matching runs that is expected after the pages have been added."""
    statuses = None if filters.status is None else set(filters.status)
    new_status: dict[str, str] = {
        run_id: status for page in pages for run_id, status in zip(page["run_id"], page["status"], strict=True)
    }
    unchanged = int((~known["run_id"].isin(new_status).to_numpy(dtype=bool)).sum())
    return unchanged + sum(statuses is None or status in statuses for status in new_status.values())
