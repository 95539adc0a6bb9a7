"""Metadata entries as values and as typed columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dagster_nb.frames import columns
from dagster_nb.frames.asset_keys import asset_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["metadata_columns", "metadata_dict"]

Entry = dict[str, Any]

_INT64 = np.iinfo(np.int64)
# A float64 cannot represent every integer above this number.
_MAX_EXACT_FLOAT = 2**53


def metadata_dict(entries: Sequence[Entry] | None) -> dict[str, Any] | None:
    """Return metadata entries as a dict of Python values, by label; None if the server does not provide them.

    Parameters
    ----------
    entries
        The members of ``metadataEntries``.

    Examples
    --------
    >>> metadata_dict([{"__typename": "IntMetadataEntry", "label": "rows", "intRepr": "3"}])
    {'rows': 3}
    """
    return None if entries is None else {entry["label"]: _value(entry) for entry in entries}


def metadata_columns(rows: Sequence[Sequence[Entry]]) -> dict[str, Any]:
    """Return one typed column ``metadata.<label>`` per label, sorted by label.

    Parameters
    ----------
    rows
        The ``metadataEntries`` of each row. A row that lacks a label has NA in the column of this label.

    Returns
    -------
    dict
        The columns by name. The dtype of a column depends only on the types of its entries: ``Int64``, ``float64``
        (also for a mix of integers and floats), ``boolean``, ``datetime64[us, UTC]``, or ``string`` for all kinds of
        text. JSON, tables, integers that are too large, and entries of different types become ``object``. No value is
        changed.

    Examples
    --------
    >>> rows = [[{"__typename": "IntMetadataEntry", "label": "rows", "intRepr": "3"}], []]
    >>> metadata_columns(rows)["metadata.rows"]
    <IntegerArray>
    [3, <NA>]
    Length: 2, dtype: Int64
    """
    by_label: dict[str, dict[int, Entry]] = {}
    for position, entries in enumerate(rows):
        for entry in entries:
            by_label.setdefault(entry["label"], {})[position] = entry
    return {f"metadata.{label}": _column(found, len(rows)) for label, found in sorted(by_label.items())}


def _column(entries: dict[int, Entry], length: int) -> Any:  # noqa: ANN401 - columns are arrays of several kinds
    values = [_value(entries[position]) if position in entries else None for position in range(length)]
    # A null entry does not affect the type of the column.
    kinds = {_kind(entry) for entry in entries.values()} - {"null"}
    present = [value for value in values if value is not None]
    if kinds == {"int"} and all(_INT64.min <= value <= _INT64.max for value in present):
        return columns.nullable_integers(values)
    if kinds <= {"int", "float"} and "float" in kinds and _are_exact_floats(present):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if kinds == {"bool"}:
        return pd.array(values, dtype="boolean")
    if kinds == {"timestamp"}:
        return pd.DatetimeIndex(pd.array(values, dtype=columns.TIME))
    if kinds == {"text"}:
        return columns.strings(values)
    return columns.objects(values)


def _are_exact_floats(values: Sequence[Any]) -> bool:
    return all(isinstance(value, float) or abs(value) <= _MAX_EXACT_FLOAT for value in values)


def _kind(entry: Entry) -> str:
    return _KINDS.get(entry["__typename"], ("object", None))[0]


def _value(entry: Entry) -> Any:  # noqa: ANN401 - metadata has values of all types
    read = _KINDS.get(entry["__typename"], (None, None))[1]
    if read is None:
        return None
    try:
        return read(entry)
    except KeyError:
        # The server's schema lacks the field that contains the value of this type of entry.
        return None


def _float(entry: Entry) -> float | None:
    # JSON cannot represent NaN and infinity, so the server returns null.
    value = entry["floatValue"]
    return float(value) if value is not None else float(entry.get("floatRepr", "nan"))


def _time(entry: Entry) -> pd.Timestamp:
    time: pd.Timestamp = columns.times([entry["timestamp"]])[0]
    return time


def _place(reference: Entry) -> str:
    if "url" in reference:
        return str(reference["url"])
    return f"{reference['filePath']}:{reference['lineNumber']}"


# Maps each type of entry to the kind of its column, and a function that returns its value.
_KINDS: dict[str, tuple[str, Callable[[Entry], Any] | None]] = {
    "IntMetadataEntry": ("int", lambda entry: int(entry["intRepr"])),
    "FloatMetadataEntry": ("float", _float),
    "BoolMetadataEntry": ("bool", lambda entry: entry["boolValue"]),
    "TimestampMetadataEntry": ("timestamp", _time),
    "TextMetadataEntry": ("text", lambda entry: entry["text"]),
    "MarkdownMetadataEntry": ("text", lambda entry: entry["mdStr"]),
    "UrlMetadataEntry": ("text", lambda entry: entry["url"]),
    "PathMetadataEntry": ("text", lambda entry: entry["path"]),
    "NotebookMetadataEntry": ("text", lambda entry: entry["path"]),
    "PipelineRunMetadataEntry": ("text", lambda entry: entry["runId"]),
    "AssetMetadataEntry": ("text", lambda entry: asset_key(entry["assetKey"])),
    "JobMetadataEntry": ("text", lambda entry: entry["jobName"]),
    "PoolMetadataEntry": ("text", lambda entry: entry["pool"]),
    "PythonArtifactMetadataEntry": ("text", lambda entry: f"{entry['module']}:{entry['name']}"),
    "JsonMetadataEntry": ("object", lambda entry: json.loads(entry["jsonString"])),
    "TableMetadataEntry": ("object", lambda entry: [json.loads(record) for record in entry["table"]["records"]]),
    "TableSchemaMetadataEntry": (
        "object",
        lambda entry: {column["name"]: column["type"] for column in entry["schema"]["columns"]},
    ),
    "TableColumnLineageMetadataEntry": (
        "object",
        lambda entry: {
            column["columnName"]: [f"{asset_key(dep['assetKey'])}.{dep['columnName']}" for dep in column["columnDeps"]]
            for column in entry["lineage"]
        },
    ),
    "CodeReferencesMetadataEntry": ("object", lambda entry: [_place(one) for one in entry["codeReferences"]]),
    "NullMetadataEntry": ("null", None),
}
