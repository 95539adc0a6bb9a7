"""Update a history, reading only runs that may have changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from dagster_nb.chunks import in_chunks
from dagster_nb.errors import HistoryError
from dagster_nb.history.find_deleted_runs import deleted_ids
from dagster_nb.history.schema import INCLUDED, RUNS, to_table
from dagster_nb.statuses import FINISHED
from dagster_nb.words import count_text, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagster_nb.history.client_protocol import HistorySource
    from dagster_nb.history.runs_table import RunsTable

__all__ = ["CHANGES_UNTIL", "FILLED", "SYNCED_AT", "Refresh", "RefreshResult"]

CHANGES_UNTIL = "changes_until"
"""The name of the marker for the update time up to which all changes have been read, in microseconds since 1970."""
FILLED = "filled"
"""The name of the marker that is set when the first refresh has read all runs."""
SYNCED_AT = "synced_at"
"""The name of the marker for the start time of the last refresh, in microseconds since 1970."""

# The maximum number of runs in memory. If the first refresh is interrupted, up to this many runs are read again.
_RUNS_PER_COMMIT = 20_000
_IDS_PER_REQUEST = 500
_IDS_PER_PAGE = 2_000
# The number of runs to look for on the server. It is so large that a few deleted runs do not make the server look like
# a different deployment.
_SAMPLE = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """The changes that a refresh made.

    Parameters
    ----------
    added, updated, deleted
        The number of new runs, of changed runs, and of runs that Dagster has deleted.
    """

    added: int = 0
    updated: int = 0
    deleted: int = 0

    def __str__(self) -> str:
        return (
            f"{plural(self.added, 'new run')}, {count_text(self.updated)} changed, {count_text(self.deleted)} deleted"
        )


class Refresh:
    """One refresh of a history.

    Parameters
    ----------
    runs
        The stored runs.
    source
        The deployment.
    overlap
        How long before the last known change to start reading changes.
    all_deleted
        Whether to accept a deployment that no longer has any of the stored runs.
    """

    def __init__(self, runs: RunsTable, source: HistorySource, *, overlap: timedelta, all_deleted: bool):
        self._runs = runs
        self._source = source
        self._overlap = overlap // timedelta(microseconds=1)
        self._all_deleted = all_deleted
        self._started = time.time_ns() // 1_000
        # The runs that were unfinished when this refresh read them.
        self._unfinished: set[str] = set()
        self._latest_update = self._known_until = self._first_version = 0
        self._added = self._updated = 0

    def run(self) -> RefreshResult:
        """Refresh the history, and return the changes."""
        table = self._runs.table
        table.update()
        self._first_version = table.version - table.own_commits
        self._known_until = table.marker(CHANGES_UNTIL) or 0
        self._check_deployment()
        if table.marker(FILLED) is None:
            self._fill()
        else:
            self._read_changes()
        self._read_unfinished()
        self._read_unseen()
        deleted = self._find_deleted()
        self._finish()
        return RefreshResult(self._added, self._updated, deleted)

    def _check_deployment(self) -> None:
        """Raise an error if the server has none of the stored runs, because it may be a different Dagster."""
        recent = self._runs.recent_ids(_SAMPLE)
        deployment, url = self._runs.table.deployment, self._source.url
        if not recent:
            if url != deployment:
                raise HistoryError(
                    f"this history is for {deployment}, but the client is connected to {url}. Use another path, or "
                    f"connect to {deployment}."
                )
            return
        if self._source.count_runs(run_ids=recent):
            return
        live = set(self._runs.live()["run_id"].to_pylist())
        if any(not live.isdisjoint(ids) for ids in self._source.iter_run_ids()):
            return
        if not self._all_deleted:
            raise HistoryError(
                f"{url} has none of the {plural(len(live), 'run')} of this history, which is for {deployment}. The "
                f"server is probably a different Dagster. Use another path for its history. If all runs of this "
                f"history were deleted on purpose, use refresh(all_deleted=True). Nothing was changed."
            )

    def _fill(self) -> None:
        """Read all runs, newest first.

        If an earlier attempt was interrupted, read only runs that are older than the stored runs.
        """
        oldest = self._runs.oldest_creation_time()
        filters = {} if oldest is None else {"created_before": _EPOCH + timedelta(microseconds=oldest)}
        for batch in self._batches("filling the history", filters):
            self._write(batch, is_first=self._runs.table.marker(CHANGES_UNTIL) is None)
        # Read the runs that have changed since the interrupted attempt.
        self._read_changes()
        self._runs.set_markers({FILLED: 1})

    def _read_changes(self) -> None:
        since = (self._runs.table.marker(CHANGES_UNTIL) or 0) - self._overlap
        filters = {} if since <= 0 else {"updated_after": _EPOCH + timedelta(microseconds=since)}
        for batch in self._batches("reading changes", filters):
            self._write(batch)

    def _read_unfinished(self) -> None:
        """Read all unfinished runs, because an event that is stored late can set back the update time of a run."""
        self._read_by_id(self._runs.unfinished_ids() - self._unfinished)

    def _read_unseen(self) -> None:
        """Read new runs regardless of their update time, because an event that is stored late can set it back.

        The server lists the most recently added runs first.
        """
        since = self._known_until - self._overlap
        for ids in self._source.iter_run_ids(page_size=_IDS_PER_PAGE):
            created = self._runs.creation_times(ids)
            unseen = set(ids) - created.keys()
            self._read_by_id(unseen)
            oldest = created.get(ids[-1])
            if not unseen and (oldest is None or oldest <= since):
                return

    def _find_deleted(self) -> int:
        """Mark runs that the server no longer has, and read runs that are missing from the table."""
        count = self._source.count_runs()
        if count == self._runs.count_live():
            return 0
        # Use the state of the table from before the request to the server. Otherwise, a run that another process adds
        # in the meantime would look as if it had been deleted.
        live = self._runs.live()
        missing = deleted_ids(self._source, live, count)
        if missing is None:
            stored = set(live["run_id"].to_pylist())
            listed = {run_id for ids in self._source.iter_run_ids() for run_id in ids}
            missing = stored - listed
            self._read_by_id(listed - stored)
        if missing:
            self._runs.mark_deleted(missing, self._started)
        return len(missing)

    def _read_by_id(self, run_ids: Iterable[str]) -> None:
        for ids in in_chunks(sorted(run_ids), _IDS_PER_REQUEST):
            for batch in self._batches("reading runs", {"run_ids": ids}):
                self._write(batch)

    def _batches(self, description: str, filters: dict[str, Any]) -> Iterator[pa.Table]:
        """Yield the matching runs in batches. Each batch is written in one commit."""
        pages: list[pa.Table] = []
        total = partial(self._source.count_runs, **filters)
        with self._source.progress_bar(description, unit="runs", total=total) as bar:
            for page in self._source.iter_runs(include=INCLUDED, **filters):
                pages.append(to_table(page))
                self._unfinished.update(page.loc[~page["status"].isin(FINISHED), "run_id"])
                bar.advance(len(page))
                if sum(map(len, pages)) >= _RUNS_PER_COMMIT:
                    yield pa.concat_tables(pages)
                    pages = []
        if pages:
            yield pa.concat_tables(pages)

    def _write(self, batch: pa.Table, *, is_first: bool = False) -> None:
        latest = pc.max(batch["update_time"]).cast(pa.int64()).as_py()
        self._latest_update = max(self._latest_update, latest or 0)
        added, updated = self._runs.upsert(batch, {CHANGES_UNTIL: self._changes_until()} if is_first else None)
        self._added += added
        self._updated += updated

    def _changes_until(self) -> int:
        # Use the earlier of the two times, in case the clock of this machine or of a server process is wrong.
        return min(self._started, max(self._latest_update, self._known_until))

    def _finish(self) -> None:
        """Commit the time up to which the history contains all changes.

        If another process has written at the same time, one of the two processes may have overwritten the state of a
        run with an older one. In that case, keep the previous time, so that the next refresh reads these runs again.
        """
        table = self._runs.table

        def write() -> None:
            until = self._changes_until()
            if table.version != self._first_version + table.own_commits:
                until = min(until, table.marker(CHANGES_UNTIL) or 0)
            table.append(RUNS.empty_table(), {CHANGES_UNTIL: until, SYNCED_AT: self._started})

        table.write(write)
