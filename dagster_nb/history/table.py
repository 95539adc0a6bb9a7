"""A Delta table on disk or in object storage. Several processes can write to it at the same time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from dagster_nb.errors import HistoryError
from dagster_nb.hidden import reveal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow.compute as pc

__all__ = ["FORMAT", "Table"]

FORMAT = 1
"""The format version of the tables. Tables of a newer version may have columns that this version would drop."""

_FORMAT_KEY, _DEPLOYMENT_KEY = "dagster_nb.format", "dagster_nb.deployment"
# If two simultaneous commits set the same marker, Delta rejects the later one. Every commit sets this marker, so only
# one of several simultaneous commits can succeed.
_WRITES = "dagster_nb.writes"

_MAX_ATTEMPTS = 100
_MAX_SECONDS_BETWEEN_ATTEMPTS = 1.0
# A compacted file contains about 200,000 runs. Updates rewrite whole files, so larger files would make updates slow.
_BYTES_PER_FILE = 16_000_000
_MAX_SMALL_FILES = 60
# Files that are no longer part of the table are kept for this time, because another process may still be reading them.
_HOURS_TO_KEEP_OLD_FILES = 24


class Table:
    """A Delta table, as returned by `open` and `create`.

    Parameters
    ----------
    delta
        The table.
    storage_options
        The options for object storage.

    Attributes
    ----------
    own_commits : int
        The number of commits that this object has made. All other commits in the table's log are from other processes.
    """

    def __init__(self, delta: DeltaTable, storage_options: Mapping[str, str] | None):
        self._delta = delta
        self._storage_options = storage_options
        self.own_commits = 0

    @classmethod
    def open(cls, uri: str, storage_options: Mapping[str, str] | None = None) -> Self | None:
        """Open a table, or return None if it does not exist.

        Raises
        ------
        HistoryError
            If the table cannot be read, or was written by a newer version of this package.
        """
        with _clear_errors("read", uri):
            try:
                delta = DeltaTable(uri, storage_options=_options(storage_options))
            except TableNotFoundError:
                return None
        table = cls(delta, storage_options)
        found = table._configuration.get(_FORMAT_KEY)
        if found is None:
            raise HistoryError(f"{uri} is a Delta table, but not a dagster_nb history. Use another path.")
        if int(found) > FORMAT:
            raise HistoryError(
                f"{uri} was written by a newer version of dagster_nb (format {found}; this version supports format "
                f"{FORMAT}). Update dagster_nb. Nothing was changed."
            )
        return table

    @classmethod
    def create(
        cls, uri: str, schema: pa.Schema, *, deployment: str, storage_options: Mapping[str, str] | None = None
    ) -> Self:
        """Create a table for the runs of one deployment, or open the table that another process has just created.

        Raises
        ------
        HistoryError
            If the table could not be written.
        """
        with _clear_errors("write", uri):
            DeltaTable.create(
                uri,
                schema,
                mode="ignore",
                name=f"Dagster at {deployment}",
                configuration={_FORMAT_KEY: str(FORMAT), _DEPLOYMENT_KEY: deployment},
                storage_options=_options(storage_options),
                raise_if_key_not_exists=False,
            )
        table = cls.open(uri, storage_options)
        assert table is not None  # noqa: S101 - it was created above
        return table

    @property
    def deployment(self) -> str:
        """The address of the deployment when the table was created."""
        return self._configuration.get(_DEPLOYMENT_KEY) or ""

    @property
    def version(self) -> int:
        """The number of the last commit that was read."""
        return self._delta.version()

    @property
    def file_count(self) -> int:
        """The number of data files."""
        return len(self._delta.file_uris())

    def marker(self, name: str) -> int | None:
        """Return the number that was last committed under a name, or None if there is none."""
        return self._delta.transaction_version(f"dagster_nb.{name}")

    def update(self) -> None:
        """Read the commits that were made since the last update."""
        with _clear_errors("read", self._delta.table_uri):
            self._delta.update_incremental()

    def read(self, columns: Sequence[str], condition: pc.Expression | None = None) -> pa.Table:
        """Return some columns of the rows that meet a condition."""
        with _clear_errors("read", self._delta.table_uri):
            return self._newest_files_first().to_table(columns=list(columns), filter=condition)

    def head(self, columns: Sequence[str], condition: pc.Expression, count: int) -> pa.Table:
        """Return some columns of the first rows that meet a condition, starting with the newest files."""
        with _clear_errors("read", self._delta.table_uri):
            return self._newest_files_first().head(count, columns=list(columns), filter=condition)

    def count(self, condition: pc.Expression | None = None) -> int:
        """Return the number of rows that meet a condition."""
        with _clear_errors("read", self._delta.table_uri):
            rows: int = self._delta.to_pyarrow_dataset().count_rows(filter=condition)
            return rows

    def write(self, action: Callable[[], None]) -> None:
        """Run an action that writes in a single commit. If another process commits first, repeat the action.

        Parameters
        ----------
        action
            A function that decides what to write, depending on the current state of the table. It calls `append` or
            `replace` at most once.

        Raises
        ------
        HistoryError
            If the table could not be written. Earlier commits are unchanged.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(CommitFailedError),
            wait=wait_random_exponential(multiplier=0.02, max=_MAX_SECONDS_BETWEEN_ATTEMPTS),
            stop=stop_after_attempt(_MAX_ATTEMPTS),
            reraise=True,
        )
        with _clear_errors("write", self._delta.table_uri):
            for attempt in retrying:
                with attempt:
                    self._delta.update_incremental()
                    version = self.version
                    action()
                    self.own_commits += self.version - version
            self._delta.update_incremental()

    def append(self, rows: pa.Table, markers: Mapping[str, int] | None = None) -> None:
        """Add rows; call this within `write`."""
        # Delta writes chunks in parallel, which would change the order of the runs.
        rows = rows.combine_chunks()
        write_deltalake(self._delta, rows, mode="append", commit_properties=self._commit_properties(markers))

    def replace(self, rows: pa.Table, condition: str = "") -> None:
        """Replace the stored rows that have the same run ids as these rows; call this within `write`.

        Unlike `DeltaTable.merge`, this method stores strings in a type that all readers support.

        Parameters
        ----------
        rows
            The new rows.
        condition
            An additional SQL condition that all matching rows meet, stored and new. Delta then skips all files without
            such rows.
        """
        quoted = ", ".join(
            "'{}'".format(run_id.replace("'", "''")) for run_id in sorted(set(rows["run_id"].to_pylist()))
        )
        write_deltalake(
            self._delta,
            rows.combine_chunks(),
            mode="overwrite",
            predicate=f"run_id IN ({quoted}){condition}",
            commit_properties=self._commit_properties(),
        )

    def compact(self, *, only_if_needed: bool = False) -> None:
        """Merge small files, and delete old files that are no longer part of the table.

        Parameters
        ----------
        only_if_needed
            Whether to do nothing unless there are many small files.
        """
        if only_if_needed and self._small_files() <= _MAX_SMALL_FILES:
            return

        def join_files() -> None:
            self._delta.optimize.compact(target_size=_BYTES_PER_FILE, commit_properties=self._commit_properties())

        self.write(join_files)
        with _clear_errors("write", self._delta.table_uri):
            self._delta.vacuum(_HOURS_TO_KEEP_OLD_FILES, dry_run=False, enforce_retention_duration=False, full=True)
            self._delta.create_checkpoint()
            self._delta.cleanup_metadata()
            self._delta.update_incremental()

    @property
    def _configuration(self) -> dict[str, str]:
        return self._delta.metadata().configuration

    def _newest_files_first(self) -> ds.Dataset:
        """Return the files in the order in which runs are read, which reduces the need for sorting."""
        dataset = self._delta.to_pyarrow_dataset()
        files = pa.table(self._delta.get_add_actions(flatten=True))
        if "max.creation_time" not in files.column_names:
            return dataset
        newest = dict(
            zip(files["path"].to_pylist(), files["max.creation_time"].cast(pa.int64()).to_pylist(), strict=True)
        )
        fragments = sorted(dataset.get_fragments(), key=lambda file: newest.get(file.path) or 0, reverse=True)
        return ds.FileSystemDataset(fragments, dataset.schema, dataset.format, dataset.filesystem)

    def _small_files(self) -> int:
        sizes = pa.table(self._delta.get_add_actions()).column("size_bytes").to_pylist()
        return sum(size < _BYTES_PER_FILE / 2 for size in sizes)

    def _commit_properties(self, markers: Mapping[str, int] | None = None) -> CommitProperties:
        numbers = {_WRITES: self._delta.version() + 1, **{f"dagster_nb.{k}": v for k, v in (markers or {}).items()}}
        # Delta must not retry a conflicting commit. Instead, the commit must be prepared again, based on what the other
        # process has written.
        return CommitProperties(
            app_transactions=[Transaction(name, number) for name, number in numbers.items()], max_commit_retries=0
        )


def _options(storage_options: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return hidden object storage options as a dict. The options are hidden because they can contain credentials."""
    options = reveal(storage_options)
    return None if options is None else dict(options)


_ADVICE = {
    "no space left": "The disk is full. Free some space, then refresh again.",
    "read-only file system": "The file system is read-only. Use another path.",
    "permission denied": "Check the permissions of the folder, or use another path.",
}


@contextmanager
def _clear_errors(action: str, uri: str) -> Iterator[None]:
    """Convert errors from Delta, Arrow and the file system to a `HistoryError` that says what to do.

    The new error omits their tracebacks, because local variables of deltalake contain the object storage options.
    """
    try:
        yield
    except CommitFailedError as error:
        raise HistoryError(
            f"cannot write the history {uri}: other processes kept writing to it. Refresh again. ({error})"
        ) from error.with_traceback(None)
    except (DeltaError, OSError, pa.ArrowInvalid) as error:
        text = str(error)
        advice = next((advice for part, advice in _ADVICE.items() if part in text.lower()), None)
        default = (
            "Check the path and the storage options. If a part of the table is damaged, move the folder away and "
            "refresh again: the runs that Dagster still has are read again."
        )
        raise HistoryError(
            f"cannot {action} the history {uri}. {advice or default} The existing data is unchanged.\n"
            f"({text.splitlines()[0] if text else type(error).__name__})"
        ) from error.with_traceback(None)
