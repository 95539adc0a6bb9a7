"""Run history as a file: a page at a time, so that it may be larger than memory, and whole or not at all."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_nb.errors import MissingExtraError
from dagster_nb.frames import columns
from dagster_nb.frames.runs import runs_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import pandas as pd

    from dagster_nb.client.sync_client import DagsterClient

    Write = Callable[[pd.DataFrame], None]

__all__ = ["write_runs"]


def write_runs(client: DagsterClient, path: str | Path, **filters: Any) -> int:  # noqa: ANN401 - those of runs()
    """Write the runs that match to a file, and return how many they are.

    Dicts and lists become JSON text, since a dict column in Parquet would become one struct with every key. The file
    appears when it is complete: an error or Ctrl-C leaves the old one as it was.

    Parameters
    ----------
    client
        Where to read.
    path
        ``.parquet`` (needs the extra ``history``), ``.csv`` or ``.jsonl``.
    filters
        The arguments of `DagsterClient.iter_runs`.

    Raises
    ------
    ValueError
        If the kind of file is none of these.
    MissingExtraError
        If it needs packages that are not installed.

    Examples
    --------
    >>> write_runs(client, "failures.csv", status="FAILURE")  # doctest: +SKIP
    """
    target = Path(path)
    open_file = _FORMATS.get(target.suffix.lower())
    if open_file is None:
        raise ValueError(f"the file's name says its kind: {', '.join(_FORMATS)}, not {target.suffix or target.name!r}.")
    pages = client.iter_runs(**filters)
    unfinished = target.with_name(f".{target.name}.unfinished")
    include = filters.get("include", ())
    empty = _plain(runs_frame([], include=[include] if isinstance(include, str) else list(include)))
    count = 0
    try:
        with open_file(unfinished, empty) as write:
            for page in pages:
                write(_plain(page))
                count += len(page)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its categories and objects as text, so that all pages have one schema."""
    plain = frame.copy()
    plain["status"] = columns.strings(plain["status"])
    for name in plain.select_dtypes(object).columns:
        plain[name] = columns.strings(
            None if value is None else json.dumps(value, ensure_ascii=False) for value in plain[name]
        )
    plain.attrs = {}
    return plain


@contextmanager
def _csv(path: Path, empty: pd.DataFrame) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        empty.to_csv(file, index=False)
        yield lambda page: page.to_csv(file, index=False, header=False)


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
        raise MissingExtraError('Parquet files need the extra "history": pip install "dagster_nb[history]"') from error
    schema = pa.Schema.from_pandas(empty, preserve_index=False)
    with pq.ParquetWriter(path, schema) as writer:
        yield lambda page: writer.write_table(pa.Table.from_pandas(page, schema=schema, preserve_index=False))


_FORMATS: dict[str, Callable[[Path, pd.DataFrame], AbstractContextManager[Write]]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _jsonl,
}
