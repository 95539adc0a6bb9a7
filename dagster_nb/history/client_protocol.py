"""The client methods that a history needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    import pandas as pd

__all__ = ["HistorySource", "ProgressBar"]


class ProgressBar(Protocol):
    """A progress bar."""

    def advance(self, count: int = 1) -> None:
        """Add a number to the count of finished items."""


class HistorySource(Protocol):
    """A deployment of Dagster, from which a history reads."""

    @property
    def url(self) -> str:
        """The address of the deployment."""

    def iter_runs(self, **filters: Any) -> Iterator[pd.DataFrame]:  # noqa: ANN401
        """Yield pages of runs, newest first, like `DagsterClient.iter_runs`."""

    def count_runs(self, **filters: Any) -> int:  # noqa: ANN401
        """Return the number of runs that match."""

    def iter_run_ids(self, *, page_size: int | None = None, **bounds: datetime) -> Iterator[list[str]]:
        """Yield the ids of all runs in pages, with the most recently added ids first.

        With ``created_after`` and ``created_before``, only runs that were created between these times are included.
        """

    def steps(self, runs: list[str]) -> pd.DataFrame:
        """Return the steps of existing runs, like `DagsterClient.steps`."""

    def progress_bar(
        self, description: str, *, unit: str, total: Callable[[], int]
    ) -> AbstractContextManager[ProgressBar]:
        """Show a progress bar during a ``with`` block.

        The function for the total is called only if the bar is visible.
        """
