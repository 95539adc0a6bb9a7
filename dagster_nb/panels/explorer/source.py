"""The source of an explorer's runs, with its required and optional methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["RunSource", "has_methods"]


class RunSource(Protocol):
    """A client or a history.

    If the source has other methods of `DagsterClient` (``steps``, ``failures``, ``terminate``, ``daemons``, …), the
    explorer uses these methods too.
    """

    # The types of `*args` and `**filters` let type checkers accept methods with other parameters.
    def iter_runs(self, *args: Any, **filters: Any) -> Iterator[pd.DataFrame]:  # noqa: ANN401
        """Yield pages of matching runs, newest first."""

    def count_runs(self, *args: Any, **filters: Any) -> int:  # noqa: ANN401
        """Return the number of matching runs."""


def has_methods(source: object, *names: str) -> bool:
    """Return whether a source has all methods with these names.

    Examples
    --------
    >>> has_methods([], "append"), has_methods([], "terminate")
    (True, False)
    """
    return all(callable(getattr(source, name, None)) for name in names)
