"""``RunsInMemory``: the runs in memory, and the filters for which they are complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.read_columns import creation_times
from dagster_nb.frames.runs import runs_frame
from dagster_nb.panels.explorer.filters import ExplorerFilters, matching_runs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["RunsInMemory"]


class RunsInMemory:
    """The runs in memory, newest first, without duplicates.

    Attributes
    ----------
    frame : pandas.DataFrame
        All runs in memory, with a default index. A change replaces the frame and never modifies it in place.
    succeeded_after_cancel : set of str
        The ids of runs that were CANCELED but succeeded later. A run's process can continue after the run has been
        marked as canceled.
    """

    def __init__(self) -> None:
        self.frame: pd.DataFrame = runs_frame([])
        self.succeeded_after_cancel: set[str] = set()
        self._index = pd.Index(self.frame["run_id"])
        self._complete: list[ExplorerFilters] = []

    def __len__(self) -> int:
        return len(self.frame)

    def is_complete_for(self, filters: ExplorerFilters) -> bool:
        """Return whether all matching runs of the source are in memory.

        The time bounds of the filters must be absolute.
        """
        return any(complete.covers(filters) for complete in self._complete)

    def mark_complete(
        self, filters: ExplorerFilters, read_ids: Collection[str], before: pd.DataFrame, now: pd.Timestamp
    ) -> None:
        """Record that all matching runs have been read, and drop the runs that the source no longer has.

        Parameters
        ----------
        filters
            The filters that were sent to the source.
        read_ids
            The run ids that the source returned.
        before
            The runs in memory at the time of the request.
        now
            The time of the request.
        """
        if not before.empty:
            expected = before["run_id"][matching_runs(before, filters, now)]
            deleted = set(expected) - set(read_ids)
            if deleted:
                self.drop(deleted)
        self._complete = [complete for complete in self._complete if not filters.covers(complete)]
        self._complete.append(filters)

    def add(self, pages: Sequence[pd.DataFrame]) -> None:
        """Add runs, and replace the rows of runs that are already in memory.

        Parameters
        ----------
        pages
            Frames of runs, newest first.
        """
        pages = [page for page in pages if len(page)]
        if not pages:
            return
        new = concat_runs(pages) if len(pages) > 1 else pages[0]
        new = new[~new["run_id"].duplicated(keep="last").to_numpy()]
        count = len(self.frame)
        if count == 0:
            self._set(new.reset_index(drop=True))
            return
        rows = self._index.get_indexer(pd.Index(new["run_id"]))
        known = rows >= 0
        was_canceled = (self.frame["status"].take(rows[known]) == "CANCELED").to_numpy(dtype=bool)
        has_succeeded = (new["status"][known] == "SUCCESS").to_numpy(dtype=bool)
        self.succeeded_after_cancel.update(new["run_id"][known][was_canceled & has_succeeded])
        both = concat_runs([self.frame, new])
        order = np.arange(count)
        order[rows[known]] = count + np.flatnonzero(known)
        added = count + np.flatnonzero(~known)
        if len(added):
            times = creation_times(both).to_numpy(dtype="datetime64[us]").astype(np.int64)
            if times[added[0]] < times[order[-1]]:
                order = np.concatenate([order, added])
            elif times[added[-1]] >= times[order[0]]:
                order = np.concatenate([added, order])
            else:
                order = np.concatenate([added, order])
                order = order[np.argsort(-times[order], kind="stable")]
        self._set(both.take(order).reset_index(drop=True))

    def drop(self, run_ids: Collection[str]) -> None:
        """Remove runs."""
        self.succeeded_after_cancel.difference_update(run_ids)
        self._set(self.frame[~self.frame["run_id"].isin(run_ids).to_numpy(dtype=bool)].reset_index(drop=True))

    def run(self, run_id: str) -> pd.Series | None:
        """Return the row of a run, or None if the run is not in memory."""
        row = self._index.get_indexer([run_id])[0]
        return None if row < 0 else self.frame.iloc[row]

    def _set(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._index = pd.Index(frame["run_id"])


def concat_runs(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate frames of runs. The status column stays categorical, even if the frames have different categories.

    Examples
    --------
    >>> one = pd.DataFrame({"status": pd.Categorical(["A"], categories=["A"])})
    >>> two = pd.DataFrame({"status": pd.Categorical(["B"], categories=["A", "B"])})
    >>> concat_runs([one, two])["status"].dtype.categories.tolist()
    ['A', 'B']
    """
    dtypes = [frame["status"].dtype for frame in frames]
    if any(dtype != dtypes[0] for dtype in dtypes):
        names = list(dict.fromkeys(str(name) for frame in frames for name in frame["status"].cat.categories))
        frames = [frame.assign(status=frame["status"].cat.set_categories(names)) for frame in frames]
    return pd.concat(frames, ignore_index=True)
