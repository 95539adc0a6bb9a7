"""Each metadata column has the dtype of its entries, and the values are unchanged."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from dagster_nb.frames.metadata import metadata_columns, metadata_dict

INT, FLOAT, TEXT = "IntMetadataEntry", "FloatMetadataEntry", "TextMetadataEntry"


def entry(typename, **fields):
    return {"__typename": typename, "label": "it", **fields}


def integer(value):
    return entry(INT, intRepr=str(value))


def number(value, text=None):
    return entry(FLOAT, floatValue=value, **({} if text is None else {"floatRepr": text}))


def column(*entries):
    """Return the metadata column for one label. None stands for a row without the label."""
    built = metadata_columns([[] if one is None else [one] for one in entries])
    return pd.Series(built["metadata.it"])


@pytest.mark.parametrize(
    ("entries", "dtype", "values"),
    [
        ([integer(3), None, integer(2**62)], "Int64", [3, pd.NA, 2**62]),
        ([integer(3), integer(2**70)], "object", [3, 2**70]),
        ([number(0.5), integer(2)], "float64", [0.5, 2.0]),
        ([number(0.5), integer(2**60 + 1)], "object", [0.5, 2**60 + 1]),
        ([entry("BoolMetadataEntry", boolValue=False), None], "boolean", [False, pd.NA]),
        ([entry(TEXT, text="a"), entry("UrlMetadataEntry", url="https://b")], "string", ["a", "https://b"]),
        ([entry("PathMetadataEntry", path="/c"), None], "string", ["/c", pd.NA]),
        ([entry("AssetMetadataEntry", assetKey={"path": ["a", "b"]})], "string", ["a/b"]),
        ([entry("JsonMetadataEntry", jsonString='{"a": [1]}'), None], "object", [{"a": [1]}, None]),
        ([entry(TEXT, text="a"), integer(1), None], "object", ["a", 1, None]),
        ([entry("NullMetadataEntry"), integer(1)], "Int64", [pd.NA, 1]),
        ([entry("FutureMetadataEntry"), None], "object", [None, None]),
    ],
)
def test_the_dtype_of_a_metadata_column_depends_on_the_types_of_its_entries(entries, dtype, values):
    found = column(*entries)
    assert str(found.dtype) == dtype
    assert found.tolist() == values


def test_times_in_metadata_are_exact_to_the_microsecond():
    found = column(entry("TimestampMetadataEntry", timestamp=1_700_000_000.123456), None)
    assert found.dtype == "datetime64[us, UTC]"
    assert found[0] == pd.Timestamp("2023-11-14 22:13:20.123456", tz="UTC")
    assert found[1] is pd.NaT


def test_nan_and_infinity_are_floats():
    found = column(number(None, "nan"), number(None, "-inf"), number(None))
    assert found.dtype == "float64"
    assert math.isnan(found[0])
    assert found[1] == -math.inf
    assert math.isnan(found[2])


def test_there_is_one_column_per_label_in_sorted_order():
    rows = [
        [{"__typename": TEXT, "label": "z", "text": "1"}],
        [{"__typename": INT, "label": "a", "intRepr": "1"}],
        [],
    ]
    built = metadata_columns(rows)
    assert list(built) == ["metadata.a", "metadata.z"]
    assert pd.DataFrame(built).isna().sum(axis=1).tolist() == [1, 1, 2]
    assert metadata_columns([]) == {}


def test_metadata_becomes_a_dict():
    assert metadata_dict(None) is None
    assert metadata_dict([integer(3), {"__typename": TEXT, "label": "note", "text": "x"}]) == {"it": 3, "note": "x"}
    table = entry("TableMetadataEntry", table={"records": ['{"n": 1}']})
    schema = {
        "__typename": "TableSchemaMetadataEntry",
        "label": "s",
        "schema": {"columns": [{"name": "n", "type": "int"}]},
    }
    assert metadata_dict([table, schema]) == {"it": [{"n": 1}], "s": {"n": "int"}}
