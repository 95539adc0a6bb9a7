"""Write run history to a file, one page of runs at a time, so that the runs do not all have to fit into memory."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dagster_nb.errors import MissingExtraError
from dagster_nb.frames import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import pandas as pd

    Write = Callable[[pd.DataFrame], None]

__all__ = ["ExportSource", "csv_text", "write_runs"]


class ExportSource(Protocol):
    """A client or a history."""

    @property
    def runs(self) -> Callable[..., pd.DataFrame]:
        """Return the runs that match."""

    @property
    def iter_runs(self) -> Callable[..., Iterator[pd.DataFrame]]:
        """Yield the runs that match, in pages."""


def write_runs(source: ExportSource, path: str | Path, **filters: Any) -> int:  # noqa: ANN401 - those of runs()
    """Write the runs that match some filters to a file.

    Dicts and lists become JSON strings, because in a Parquet file, a column of dicts would become a single struct with
    the keys of all runs. In a CSV file, strings that a spreadsheet would treat as formulas get a leading apostrophe.
    The file is created or replaced only when all runs have been written, so an error or Ctrl-C leaves an older file
    unchanged.

    Parameters
    ----------
    source
        A client or a history.
    path
        A file name that ends with ``.parquet`` (needs the extra ``history``), ``.csv`` or ``.jsonl``.
    filters
        The arguments of the source's ``iter_runs``.

    Returns
    -------
    int
        The number of runs written.

    Raises
    ------
    ValueError
        If the file name has a different ending.
    MissingExtraError
        If the format needs packages that are not installed.

    Examples
    --------
    >>> write_runs(client, "failures.csv", status="FAILURE")  # doctest: +SKIP
    """
    target = Path(path)
    open_file = _FORMATS.get(target.suffix.lower())
    if open_file is None:
        raise ValueError(f"the file name must end with {', '.join(_FORMATS)}, got {target.name!r}")
    pages = source.iter_runs(**filters)
    unfinished = target.with_name(f".{target.name}.unfinished")
    empty_filters = {name: value for name, value in filters.items() if name in {"include", "deleted"}}
    empty = _serializable(source.runs(limit=0, **empty_filters))
    count = 0
    try:
        with open_file(unfinished, empty) as write:
            for page in pages:
                write(_serializable(page))
                count += len(page)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame of runs as CSV.

    As in `write_runs`, dicts become JSON, and strings that a spreadsheet would treat as formulas get a leading
    apostrophe.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_text(pd.DataFrame({"job_name": pd.array(["=1+1"], dtype="string")})).splitlines()
    ['job_name', "'=1+1"]
    """
    return _without_formulas(_serializable(frame)).to_csv(index=False, lineterminator="\r\n")


def _serializable(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert categories and objects to strings, so that all pages have the same schema."""
    result = frame.copy()
    if "status" in result.columns:
        result["status"] = columns.strings(result["status"])
    for name in result.select_dtypes(object).columns:
        result[name] = columns.strings(
            None if value is None else json.dumps(value, ensure_ascii=False) for value in result[name]
        )
    result.attrs = {}
    return result


def _without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before each string that a spreadsheet would treat as a formula."""
    result = frame.copy()
    for name in result.columns[result.dtypes == "string"]:
        result[name] = result[name].str.replace(r"^(?=[=+\-@\t\r])", "'", regex=True)
    return result


@contextmanager
def _csv(path: Path, empty: pd.DataFrame) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        # If lines ended with "\n" alone, pandas would not quote a string that contains a carriage return.
        empty.to_csv(file, index=False, lineterminator="\r\n")
        yield lambda page: _without_formulas(page).to_csv(file, index=False, header=False, lineterminator="\r\n")


@contextmanager
def _jsonl(path: Path, _empty: pd.DataFrame) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        yield lambda page: page.to_json(
            file, orient="records", lines=True, date_format="iso", date_unit="us", force_ascii=False
        )


@contextmanager
def _parquet(path: Path, empty: pd.DataFrame) -> Iterator[Write]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            'Parquet files need the extra "history". Install it with: pip install "dagster_nb[history]"'
        ) from error
    schema = pa.Schema.from_pandas(empty, preserve_index=False)
    with pq.ParquetWriter(path, schema) as writer:
        yield lambda page: writer.write_table(pa.Table.from_pandas(page, schema=schema, preserve_index=False))


_FORMATS: dict[str, Callable[[Path, pd.DataFrame], AbstractContextManager[Write]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _jsonl,
}
