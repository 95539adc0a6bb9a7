"""The columns of a stored history, and the conversion between frames and tables."""

from __future__ import annotations

import gc
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_nb.frames import columns
from dagster_nb.frames.runs import INCLUDABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "COMPARED",
    "INCLUDED",
    "RUNS",
    "column_of_strings",
    "column_of_times",
    "json_text",
    "read_columns",
    "to_frame",
    "to_table",
]

_TIME = pa.timestamp("us", "UTC")
_TIMES = ("creation_time", "start_time", "end_time", "update_time")
_STRINGS = ("location", "repository", "partition_key", "launched_by", "root_run_id", "parent_run_id")

RUNS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        ("job_name", pa.string()),
        ("status", pa.string()),
        *((name, _TIME) for name in _TIMES),
        # Delta has no type for durations, but every engine can use seconds.
        ("queue_duration", pa.float64()),
        ("duration", pa.float64()),
        *((name, pa.string()) for name in _STRINGS),
        ("tags", pa.string()),
        ("run_config", pa.string()),
        ("asset_selection", pa.list_(pa.string())),
        ("op_selection", pa.list_(pa.string())),
        ("deleted_at", _TIME),
    ]
)
"""The schema of the runs table: the columns of `DagsterClient.runs`, with ``tags`` and ``run_config`` as JSON
strings."""

INCLUDED = tuple(INCLUDABLE)
"""All optional columns of `DagsterClient.runs`. A history stores all of them."""

COMPARED = (
    "status",
    "creation_time",
    "start_time",
    "end_time",
    "update_time",
    "location",
    "repository",
    "tags",
    "deleted_at",
)
"""The columns that can change on the server after a run was stored."""

_JSON_COLUMNS = ("tags", "run_config")
_LIST_COLUMNS = ("asset_selection", "op_selection")
# The type is Any, because the stubs lack this dtype's conversion from Arrow, which does not copy the strings.
_STRING: Any = pd.StringDtype()
_SURROGATE = re.compile("[\ud800-\udfff]")


def to_table(frame: pd.DataFrame) -> pa.Table:
    """Convert a frame of `DagsterClient.runs` with all optional columns to a table with the schema `RUNS`."""
    built: dict[str, pa.Array] = {}
    for field in RUNS:
        name = field.name
        if name == "deleted_at":
            built[name] = pa.nulls(len(frame), _TIME)
        elif name in _JSON_COLUMNS:
            built[name] = pa.array([None if value is None else json_text(value) for value in frame[name]], pa.string())
        elif name in _LIST_COLUMNS:
            built[name] = pa.array(list(frame[name]), field.type)
        elif name in {"duration", "queue_duration"}:
            built[name] = pa.array(frame[name].dt.total_seconds(), field.type, from_pandas=True)
        elif name in _TIMES:
            # The UTC time zone is removed, because some versions of pyarrow issue a warning about it.
            built[name] = pa.array(frame[name].dt.tz_localize(None), from_pandas=True)
        else:
            built[name] = pa.array(frame[name].astype(object) if name == "status" else frame[name], from_pandas=True)
    return pa.table(built).cast(RUNS)


def read_columns(include: Sequence[str], *, deleted: bool) -> list[str]:
    """Return the columns to read for a frame.

    The stored durations are not read, because durations that are calculated from the times are more exact.
    """
    left_out = {"duration", "queue_duration", *(name for name in INCLUDED if name not in include)}
    return [name for name in RUNS.names if name not in left_out and (deleted or name != "deleted_at")]


def to_frame(table: pa.Table, known_statuses: Sequence[str] = columns.RUN_STATUSES) -> pd.DataFrame:
    """Convert a table with the columns of `read_columns` to a frame like the one from `DagsterClient.runs`."""
    times = {name: column_of_times(table[name]) for name in (*_TIMES, "deleted_at") if name in table.column_names}
    built: dict[str, Any] = {}
    for name in table.column_names:
        if name in times:
            built[name] = times[name]
        elif name == "status":
            built[name] = _statuses(table[name], known_statuses)
        elif name in _JSON_COLUMNS:
            # All tags are strings. Run configs may contain integers of more than 64 bits, which orjson would convert to
            # floats.
            built[name] = _parsed(table[name], orjson.loads if name == "tags" else json.loads)
        elif name in _LIST_COLUMNS:
            built[name] = columns.objects(table[name].to_pylist())
        else:
            built[name] = column_of_strings(table[name])
        if name == "update_time":
            built["queue_duration"] = times["start_time"] - times["creation_time"]
            built["duration"] = times["end_time"] - times["start_time"]
    return columns.frame(built)


def json_text(value: object) -> str:
    """Return a value as a JSON string. Equal values give equal strings, so the table can be searched for a value.

    Examples
    --------
    >>> json_text({"team": "data", "tier": 1})
    '{"team":"data","tier":1}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate cannot be encoded as UTF-8, but JSON can escape it.
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def column_of_strings(column: pa.ChunkedArray) -> pd.api.extensions.ExtensionArray:
    """Convert strings to a column of a frame; null becomes NA."""
    strings: pd.api.extensions.ExtensionArray = _STRING.__from_arrow__(column)
    return strings


def column_of_times(column: pa.ChunkedArray) -> pd.DatetimeIndex:
    """Convert times to a column of a frame; null becomes NaT."""
    micros = pc.cast(column, pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy()
    return pd.DatetimeIndex(micros.view("datetime64[us]"), tz="UTC")


def _statuses(column: pa.ChunkedArray, known: Sequence[str]) -> pd.Categorical[Any]:
    encoded = column.combine_chunks().dictionary_encode()
    present = encoded.dictionary.to_pylist()
    found = columns.categories([value for value in present if value is not None], known)
    # The code of each status in the column. The last entry is the code of a missing status, which has the index -1.
    positions = np.array([*(found.index(value) for value in present), -1], dtype=np.int8)
    codes: Any = positions[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    result: pd.Categorical[Any] = pd.Categorical.from_codes(codes, categories=pd.Index(found))
    return result


def _parsed(column: pa.ChunkedArray, parse: Callable[[str], Any]) -> np.ndarray[Any, Any]:
    """Parse JSON strings. Each run gets its own objects, so that changing one run does not change others."""
    with _no_garbage_collection():
        return columns.objects(None if text is None else parse(text) for text in column.to_pylist())


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Disable the garbage collector, which would otherwise scan all objects again and again while many are created."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
