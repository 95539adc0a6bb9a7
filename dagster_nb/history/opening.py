"""Open a history, with or without a client."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from dagster_nb.errors import HistoryError, MissingExtraError
from dagster_nb.hidden import hide, reveal
from dagster_nb.history.location import default_path, storage_path

if TYPE_CHECKING:
    import os

    from dagster_nb.history.client_protocol import HistorySource
    from dagster_nb.history.history import History

__all__ = ["history_of", "open_history"]


def open_history(path: str | os.PathLike[str], *, storage_options: Mapping[str, str] | None = None) -> History:
    """Open a history that was created with `DagsterClient.history`, without a server.

    Parameters
    ----------
    path
        A local folder, or an object storage URL such as ``s3://bucket/dagster``.
    storage_options
        The options for object storage, in deltalake's format.

    Returns
    -------
    History
        The history, which can be read but not refreshed.

    Raises
    ------
    HistoryError
        If there is no history, or if it cannot be read.
    MissingExtraError
        If the packages of the extra ``history`` are not installed.

    Examples
    --------
    >>> history = open_history("~/dagster-history")  # doctest: +SKIP
    >>> history.runs(job="nightly", created_after="7d")  # doctest: +SKIP
    """
    storage_options = hide(storage_options)
    _check_extra()
    history = _history_at(storage_path(path), None, storage_options)
    if history.synced_at is None and history.count_runs(deleted=True) == 0:
        raise HistoryError(
            f"the history at {history.path} has never been refreshed. Fill it with client.history(path).refresh()."
        )
    return history


def history_of(
    source: HistorySource, path: str | os.PathLike[str] | None, storage_options: Mapping[str, str] | None
) -> History:
    """Return the history of a deployment. The first refresh creates its tables.

    Parameters
    ----------
    source
        The deployment.
    path, storage_options
        As in `open_history`. None means a folder for this deployment in the user's data folder.

    Raises
    ------
    HistoryError
        If the history cannot be read.
    MissingExtraError
        If the packages of the extra ``history`` are not installed.
    """
    storage_options = hide(storage_options)
    _check_extra()
    return _history_at(default_path(source.url) if path is None else storage_path(path), source, storage_options)


def _history_at(path: str, source: HistorySource | None, storage_options: Mapping[str, str] | None) -> History:
    if not _are_options(reveal(storage_options)):
        raise TypeError(
            "storage_options must be a dict with strings as keys and values, such as "
            '{"AWS_REGION": "eu-central-1"}. Correct the options.'
        )
    from dagster_nb.history.history import History  # noqa: PLC0415 - an extra

    return History(path, source=source, storage_options=storage_options)


def _are_options(options: object) -> bool:
    if options is None:
        return True
    return isinstance(options, Mapping) and all(isinstance(one, str) for pair in options.items() for one in pair)


def _check_extra() -> None:
    try:
        for name in ("deltalake", "orjson", "platformdirs", "pyarrow"):
            import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            'a history needs the extra "history". Install it with: pip install "dagster_nb[history]"'
        ) from error
