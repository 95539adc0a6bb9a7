"""The events of a run. A long log would make the page slow, so the page shows only the newest matching events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.frames.events import events_frame
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEVELS", "EventFilter", "EventLog"]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""The log levels, from the least severe to the most severe."""

_SEARCHED_COLUMNS = ("message", "error_message", "error_class", "event_type", "step_key")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter of events.

    Parameters
    ----------
    level
        The lowest level.
    step
        The step, or None for all steps and the run itself.
    text
        The text that an event must contain, ignoring case.
    """

    level: str = LEVELS[0]
    step: str | None = None
    text: str = ""

    def apply(self, events: pd.DataFrame) -> pd.DataFrame:
        """Return the events that match.

        Examples
        --------
        >>> EventFilter(step="load").apply(events_frame({})).empty
        True
        """
        matches = pd.Series(True, index=events.index)
        if self.level in LEVELS[1:]:
            # Events with an unknown level also match.
            matches &= ~events["level"].isin(LEVELS[: LEVELS.index(self.level)])
        if self.step is not None:
            matches &= events["step_key"].eq(self.step).fillna(False).astype(bool)
        if wanted := self.text.strip().casefold():
            contains = pd.Series(False, index=events.index)
            for column in _SEARCHED_COLUMNS:
                contains |= events[column].fillna("").str.casefold().str.contains(wanted, regex=False).astype(bool)
            matches &= contains
        return events[matches]


class EventLog:
    """All events so far, and the newest events that match a filter.

    Parameters
    ----------
    max_shown
        The maximum number of events to show.
    """

    def __init__(self, max_shown: int = 500):
        self.max_shown = max_shown
        self.filter = EventFilter()
        self.total = 0
        self.matching = 0
        self.steps: list[str] = []
        self._pages: list[pd.DataFrame] = []
        self.shown = self.events

    @property
    def events(self) -> pd.DataFrame:
        """All events, in the order in which they arrived."""
        return _concatenate(self._pages)

    def add(self, events: pd.DataFrame) -> None:
        """Add new events.

        The time that this takes depends on the number of new events, not on the length of the log.
        """
        self._pages.append(events)
        self.total += len(events)
        self.steps = list(dict.fromkeys([*self.steps, *events["step_key"].dropna()]))
        matching = self.filter.apply(events)
        self.matching += len(matching)
        self.shown = _concatenate([self.shown, matching]).tail(self.max_shown)

    def set_filter(self, event_filter: EventFilter) -> None:
        """Show the events that match another filter."""
        self.filter = event_filter
        self._pages = [self.events]
        matching = event_filter.apply(self._pages[0])
        self.matching = len(matching)
        self.shown = matching.tail(self.max_shown)

    def clear(self) -> None:
        """Remove all events, but keep the filter."""
        self._pages, self.total, self.matching, self.steps = [], 0, 0, []
        self.shown = self.events

    @property
    def summary(self) -> str:
        """A summary of the displayed events, such as "showing the last 500 of 2,000 events".

        Examples
        --------
        >>> EventLog().summary
        'no events yet'
        """
        if not self.total:
            return "no events yet"
        is_filtered = self.matching < self.total
        shown = plural(self.matching, "matching event" if is_filtered else "event")
        last = f"the last {self.max_shown:,} of " if self.matching > self.max_shown else ""
        return f"showing {last}{shown}{f', of {self.total:,}' if is_filtered else ''}"


def _concatenate(pages: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [page for page in pages if len(page)]
    return pd.concat(filled, ignore_index=True) if filled else events_frame({})
