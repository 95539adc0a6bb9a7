"""The log of a run as a person looks at it: filtered, and never more of it than a page can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.frames.events import events_frame
from dagster_nb.panels.markup import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEVELS", "LogFilter", "LogWindow"]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""From the least to the most grave."""

_SEARCHED = ("message", "error_message", "error_class", "event_type", "step_key")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which events to show.

    Parameters
    ----------
    level
        The least grave level.
    step
        The step, or None for all of the run.
    text
        What an event must say somewhere, whatever the case.
    """

    level: str = LEVELS[0]
    step: str | None = None
    text: str = ""

    def of(self, events: pd.DataFrame) -> pd.DataFrame:
        """Return those of some events that are to be shown.

        Examples
        --------
        >>> LogFilter(step="load").of(events_frame({})).empty
        True
        """
        fits = pd.Series(True, index=events.index)
        if self.level in LEVELS[1:]:
            # A level that nobody knows is rather shown than hidden.
            fits &= ~events["level"].isin(LEVELS[: LEVELS.index(self.level)])
        if self.step is not None:
            fits &= events["step_key"].eq(self.step).fillna(False).astype(bool)
        if words := self.text.strip().casefold():
            found = pd.Series(False, index=events.index)
            for column in _SEARCHED:
                found |= events[column].fillna("").str.casefold().str.contains(words, regex=False).astype(bool)
            fits &= found
        return events[fits]


class LogWindow:
    """All events that came, and the last of those that fit a filter.

    Parameters
    ----------
    most
        How many to show at most.
    """

    def __init__(self, most: int = 500):
        self.most = most
        self.filter = LogFilter()
        self.total = 0
        self.matching = 0
        self.steps: list[str] = []
        self._pages: list[pd.DataFrame] = []
        self.shown = self.events

    @property
    def events(self) -> pd.DataFrame:
        """All events, as they came."""
        return _joined(self._pages)

    def add(self, events: pd.DataFrame) -> None:
        """Take the next events; the work grows with these, not with the log."""
        self._pages.append(events)
        self.total += len(events)
        self.steps = list(dict.fromkeys([*self.steps, *events["step_key"].dropna()]))
        fitting = self.filter.of(events)
        self.matching += len(fitting)
        self.shown = _joined([self.shown, fitting]).tail(self.most)

    def choose(self, chosen: LogFilter) -> None:
        """Show other events."""
        self.filter = chosen
        self._pages = [self.events]
        fitting = chosen.of(self._pages[0])
        self.matching = len(fitting)
        self.shown = fitting.tail(self.most)

    def clear(self) -> None:
        """Forget all events; the filter stays."""
        self._pages, self.total, self.matching, self.steps = [], 0, 0, []
        self.shown = self.events

    @property
    def words(self) -> str:
        """How much of the log is shown.

        Examples
        --------
        >>> LogWindow().words
        'nothing logged yet'
        """
        if not self.total:
            return "nothing logged yet"
        some = self.matching < self.total
        shown = plural(self.matching, "matching event" if some else "event")
        last = f"the last {self.most:,} of " if self.matching > self.most else ""
        return f"showing {last}{shown}{f', of {self.total:,}' if some else ''}"


def _joined(pages: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [page for page in pages if len(page)]
    return pd.concat(filled, ignore_index=True) if filled else events_frame({})
