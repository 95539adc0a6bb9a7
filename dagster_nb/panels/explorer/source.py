"""Where an explorer gets its runs: what it needs, and what it uses where it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["RunSource", "can"]


class RunSource(Protocol):
    """A client or a history: runs by the filters of `DagsterClient.runs`.

    A source that can do more (``steps``, ``failures``, ``terminate``, ``daemons``, …, under the names that they have in
    `DagsterClient`) is asked for more.
    """

    def iter_runs(self, **filters: Any) -> Iterator[pd.DataFrame]:  # noqa: ANN401
        """Yield the runs that match a page at a time, newest first."""

    def count_runs(self, **filters: Any) -> int:  # noqa: ANN401
        """Count the runs that match."""


def can(source: object, *names: str) -> bool:
    """Whether a source has methods of these names.

    Examples
    --------
    >>> can([], "append"), can([], "terminate")
    (True, False)
    """
    return all(callable(getattr(source, name, None)) for name in names)
