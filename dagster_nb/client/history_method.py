"""The method ``client.history()``, which stores the runs of a deployment on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dagster_nb.client.async_client import AsyncDagsterClient
from dagster_nb.client.display.progress import progress_bar
from dagster_nb.hidden import hide
from dagster_nb.history.opening import history_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    import pandas as pd

    from dagster_nb.client.display.progress import ProgressBar
    from dagster_nb.history.history import History

__all__ = ["HistoryMethod"]


class _Client(Protocol):
    """The members of `DagsterClient` that a history needs."""

    @property
    def url(self) -> str: ...
    @property
    def _asynchronous(self) -> AsyncDagsterClient: ...
    @property
    def iter_runs(self) -> Callable[..., Iterator[pd.DataFrame]]: ...
    @property
    def count_runs(self) -> Callable[..., int]: ...
    @property
    def steps(self) -> Callable[..., pd.DataFrame]: ...
    def _iterate(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Iterator[Any]: ...  # noqa: ANN401


class ClientSource:
    """A client as the source of a history.

    Parameters
    ----------
    client
        The client.
    """

    def __init__(self, client: _Client):
        self._client = client
        self.iter_runs = client.iter_runs
        self.count_runs = client.count_runs
        self.steps = client.steps

    @property
    def url(self) -> str:
        """The address of the deployment."""
        return self._client.url

    def iter_run_ids(self, *, page_size: int | None = None, **bounds: datetime) -> Iterator[list[str]]:
        """Yield the ids of all runs that were created between two times, newest first, in pages."""
        return self._client._iterate(AsyncDagsterClient._iter_run_ids, page_size=page_size, **bounds)

    def progress_bar(
        self, description: str, *, unit: str, total: Callable[[], int]
    ) -> AbstractContextManager[ProgressBar]:
        """Show a progress bar if the client shows progress bars."""
        visible = self._client._asynchronous._shows_progress
        return progress_bar(description, unit=unit, total=total() if visible else None, visible=visible)


class HistoryMethod:
    """The method of `DagsterClient` that stores runs on disk."""

    def history(
        self: _Client, path: str | os.PathLike[str] | None = None, *, storage_options: Mapping[str, str] | None = None
    ) -> History:
        """Return the history of this deployment: a Delta table of all its runs, on disk or in object storage.

        Nothing is read from the server until you call ``refresh()`` on the history. The table contains the run configs
        too; connect with ``redact=`` to hide secrets in them. This method needs the extra ``history``.

        Parameters
        ----------
        path
            A local folder, or an object storage URL such as ``s3://bucket/dagster``. None means a folder for this
            deployment in your user's data folder.
        storage_options
            The options for object storage, in deltalake's format, such as ``{"AWS_REGION": "eu-central-1"}``.

        Returns
        -------
        History
            A history, with the methods ``refresh``, ``runs``, ``iter_runs``, ``count_runs``, ``steps`` and ``compact``.

        Raises
        ------
        HistoryError
            If a history exists but cannot be read, or was written by a newer version of this package.
        MissingExtraError
            If the packages of the extra ``history`` are not installed.

        Examples
        --------
        >>> history = client.history()  # doctest: +SKIP
        >>> history.refresh()  # doctest: +SKIP
        >>> history.runs(job="nightly", created_after="90d")  # doctest: +SKIP
        """
        storage_options = hide(storage_options)
        return history_of(ClientSource(self), path, storage_options)
