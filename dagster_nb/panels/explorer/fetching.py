"""Reading runs from a source, within a thread: all of them, or what changed since."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.frames.columns import FINISHED

if TYPE_CHECKING:
    from dagster_nb.panels.background import Task
    from dagster_nb.panels.explorer.filters import RunFilters
    from dagster_nb.panels.explorer.source import RunSource

__all__ = ["Arrived", "Fetched", "fetch_all", "fetch_changes", "fetch_ids"]

_SECONDS_BETWEEN_ARRIVALS = 0.35
# Update times are those of the events, which may be stored late; what is older than this has been seen.
_OVERLAP = pd.Timedelta(minutes=2)
_IDS_AT_ONCE = 500
# Large pages take the server half the time of small ones, so the first rows are asked for apart.
_PAGE_SIZE = 2_000
_FIRST_ROWS = 100


@dataclass(frozen=True)
class Arrived:
    """Some runs, and how far the reading is.

    Parameters
    ----------
    pages
        The runs.
    count
        How many have come so far.
    total
        How many there are.
    """

    pages: list[pd.DataFrame]
    count: int
    total: int


@dataclass
class Fetched:
    """What a reading came to.

    Attributes
    ----------
    seen : set of str
        The ids that came.
    total : int
        How many there were.
    capped : bool
        Whether there are more, which were not read.
    exact : bool
        Whether `seen` is all there is.
    """

    seen: set[str] = field(default_factory=set)
    total: int = 0
    capped: bool = False
    exact: bool = True


def fetch_all(task: Task[Any], source: RunSource, asked: RunFilters, most: int) -> Fetched:
    """Read all runs that match, telling them as they come.

    Parameters
    ----------
    task
        Who asks; it is told `Arrived`.
    source
        Whom to ask.
    asked
        Which runs; bounds are points in time.
    most
        The most runs to read.
    """
    result = Fetched()
    question = asked.question()
    result.total = source.count_runs(**question)
    task.report(Arrived([], 0, result.total))
    if result.total > _PAGE_SIZE:
        for page in source.iter_runs(**question, limit=_FIRST_ROWS):
            task.report(Arrived([page], len(page), result.total))
    waiting: list[pd.DataFrame] = []
    last = time.monotonic()
    pages = source.iter_runs(**question, limit=most, page_size=_PAGE_SIZE)
    for page in pages:
        if task.stopped:
            break
        waiting.append(page)
        result.seen.update(page["run_id"])
        if time.monotonic() - last >= _SECONDS_BETWEEN_ARRIVALS:
            task.report(Arrived(waiting, len(result.seen), max(result.total, len(result.seen))))
            waiting, last = [], time.monotonic()
    count = len(result.seen)
    task.report(Arrived(waiting, count, max(result.total, count)))
    result.capped = count >= most and result.total > count
    close = getattr(pages, "close", None)
    if close is not None:
        close()
    return result


def fetch_changes(
    task: Task[Any],
    source: RunSource,
    asked: RunFilters,
    known: pd.DataFrame,
    since: pd.Timestamp,
    most: int,
    *,
    exact: bool,
) -> Fetched:
    """Read what changed since the last reading; where that does not account for every run, read all again.

    Parameters
    ----------
    task, source, asked, most
        As in `fetch_all`.
    known
        The runs in memory that match.
    since
        When it was last asked.
    exact
        Whether the runs in memory were all there were, so that a count shows what is missing.
    """
    # Without the statuses: a run that left the status asked for has changed too.
    question = asked.but(status=None, updated_after=since - _OVERLAP).question()
    pages = list(source.iter_runs(**question, page_size=_PAGE_SIZE))
    changed = {run_id for page in pages for run_id in page["run_id"]}
    unfinished = known["run_id"][~known["status"].isin(FINISHED).to_numpy(dtype=bool)]
    rest = [run_id for run_id in unfinished if run_id not in changed]
    pages += fetch_ids(source, rest)
    total = source.count_runs(**asked.question())
    if exact and not task.stopped and total != _count_after(known, pages, asked):
        return fetch_all(task, source, asked, most)
    task.report(Arrived(pages, len(known), total))
    return Fetched(total=total, exact=False)


def fetch_ids(source: RunSource, ids: list[str]) -> list[pd.DataFrame]:
    """Read some runs by their ids.

    Parameters
    ----------
    source
        Whom to ask.
    ids
        Which runs.
    """
    pages: list[pd.DataFrame] = []
    for start in range(0, len(ids), _IDS_AT_ONCE):
        pages.extend(source.iter_runs(run_ids=ids[start : start + _IDS_AT_ONCE]))
    return pages


def _count_after(known: pd.DataFrame, pages: list[pd.DataFrame], asked: RunFilters) -> int:
    """Count the runs that will match once the pages are taken in."""
    statuses = None if asked.status is None else set(asked.status)
    now: dict[str, str] = {
        run_id: status for page in pages for run_id, status in zip(page["run_id"], page["status"], strict=True)
    }
    kept = int((~known["run_id"].isin(now).to_numpy(dtype=bool)).sum())
    return kept + sum(statuses is None or status in statuses for status in now.values())
