"""The runs in memory, and for which questions these are all there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.columns import began
from dagster_nb.frames.runs import runs_frame
from dagster_nb.panels.explorer.filters import RunFilters, matches

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["RunStore"]


class RunStore:
    """Runs, each once, in the order of the source: newest first.

    Attributes
    ----------
    frame : pandas.DataFrame
        All of them, numbered from 0; never changed in place.
    """

    def __init__(self) -> None:
        self.frame: pd.DataFrame = runs_frame([])
        self._index = pd.Index(self.frame["run_id"])
        self._complete: list[RunFilters] = []

    def __len__(self) -> int:
        return len(self.frame)

    def holds_all(self, asked: RunFilters) -> bool:
        """Whether every run that the source had for these filters is here; bounds are points in time."""
        return any(known.covers(asked) for known in self._complete)

    def finish(self, asked: RunFilters, seen: Collection[str], known_before: pd.DataFrame, now: pd.Timestamp) -> None:
        """Note that all runs that match are here now, and forget those that the source has no more.

        Parameters
        ----------
        asked
            What was asked of the source.
        seen
            The ids that it answered.
        known_before
            The runs that were here when it was asked.
        now
            When it was asked.
        """
        if not known_before.empty:
            expected = known_before["run_id"][matches(known_before, asked, now)]
            gone = set(expected) - set(seen)
            if gone:
                self.drop(gone)
        self._complete = [known for known in self._complete if not asked.covers(known)]
        self._complete.append(asked)

    def add(self, pages: Sequence[pd.DataFrame]) -> None:
        """Take in runs; one that is here already is replaced where it stands.

        Parameters
        ----------
        pages
            Frames of runs, newest first.
        """
        pages = [page for page in pages if len(page)]
        if not pages:
            return
        new = join(pages) if len(pages) > 1 else pages[0]
        new = new[~new["run_id"].duplicated(keep="last").to_numpy()]
        count = len(self.frame)
        if count == 0:
            self._set(new.reset_index(drop=True))
            return
        places = self._index.get_indexer(pd.Index(new["run_id"]))
        known = places >= 0
        both = join([self.frame, new])
        order = np.arange(count)
        order[places[known]] = count + np.flatnonzero(known)
        fresh = count + np.flatnonzero(~known)
        if len(fresh):
            times = began(both).to_numpy(dtype="datetime64[us]").astype(np.int64)
            if times[fresh[0]] < times[order[-1]]:
                order = np.concatenate([order, fresh])
            elif times[fresh[-1]] >= times[order[0]]:
                order = np.concatenate([fresh, order])
            else:
                order = np.concatenate([fresh, order])
                order = order[np.argsort(-times[order], kind="stable")]
        self._set(both.take(order).reset_index(drop=True))

    def drop(self, ids: Collection[str]) -> None:
        """Forget runs."""
        self._set(self.frame[~self.frame["run_id"].isin(ids).to_numpy(dtype=bool)].reset_index(drop=True))

    def row(self, run_id: str) -> pd.Series | None:
        """Return a run by its id; None if it is not here."""
        place = self._index.get_indexer([run_id])[0]
        return None if place < 0 else self.frame.iloc[place]

    def _set(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._index = pd.Index(frame["run_id"])


def join(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put frames of runs below one another; a status that only some of them know stays a category.

    Examples
    --------
    >>> one = pd.DataFrame({"status": pd.Categorical(["A"], categories=["A"])})
    >>> two = pd.DataFrame({"status": pd.Categorical(["B"], categories=["A", "B"])})
    >>> join([one, two])["status"].dtype.categories.tolist()
    ['A', 'B']
    """
    kinds = [frame["status"].dtype for frame in frames]
    if any(kind != kinds[0] for kind in kinds):
        names = list(dict.fromkeys(str(name) for frame in frames for name in frame["status"].cat.categories))
        frames = [frame.assign(status=frame["status"].cat.set_categories(names)) for frame in frames]
    return pd.concat(frames, ignore_index=True)
