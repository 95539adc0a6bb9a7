"""Other query engines can read a history's table directly from disk."""

from __future__ import annotations

import json
import warnings
from importlib import import_module

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dagster_nb.history.schema import column_of_times

TEXT = ["run_id", "job_name", "status", "location"]
TIMES = ["creation_time", "start_time", "end_time", "deleted_at"]
COLUMNS = [*TEXT, *TIMES, "duration", "tags", "run_config", "op_selection"]


def read_polars(path):
    polars = import_module("polars")
    frame = polars.scan_delta(path).select(COLUMNS)
    medians = (
        polars.scan_delta(path)
        .filter(polars.col("deleted_at").is_null())
        .group_by("job_name")
        .agg(polars.col("duration").median())
    )
    return frame.collect().to_arrow(), dict(medians.collect().iter_rows())


def read_duckdb(path):
    duckdb, deltalake = import_module("duckdb"), import_module("deltalake")
    with duckdb.connect() as connection:
        connection.register("runs", deltalake.DeltaTable(path).to_pyarrow_dataset())
        table = connection.table("runs").select(*COLUMNS).to_arrow_table()
        medians = connection.sql(
            "SELECT job_name, median(duration) FROM runs WHERE deleted_at IS NULL GROUP BY job_name"
        )
        return table, dict(medians.fetchall())


def read_daft(path):
    daft = import_module("daft")
    runs = daft.read_deltalake(path)
    live = runs.where(daft.col("deleted_at").is_null())
    # Compute the median with pandas, because Daft's percentiles are approximate.
    durations = live.select("job_name", "duration").to_pandas()
    return runs.select(*COLUMNS).to_arrow(), durations.groupby("job_name")["duration"].median().dropna().to_dict()


def read_spark(path):
    server_class = import_module("pysail.spark").SparkConnectServer
    session_class = import_module("pyspark.sql").SparkSession
    server = server_class("127.0.0.1", 0)
    server.start(background=True)
    session = session_class.builder.remote("sc://{}:{}".format(*server.listening_address)).getOrCreate()
    try:
        table = session.read.format("delta").load(path).select(*COLUMNS).toArrow()
        medians = session.sql(
            f"SELECT job_name, percentile(duration, 0.5) AS p50 FROM delta.`file://{path}` "  # noqa: S608
            "WHERE deleted_at IS NULL GROUP BY job_name"
        )
        return table, {row["job_name"]: row["p50"] for row in medians.collect()}
    finally:
        session.stop()
        server.stop()


READERS = {"polars": read_polars, "duckdb": read_duckdb, "daft": read_daft, "pysail": read_spark}


@pytest.mark.parametrize("package", READERS)
def test_query_engines_read_all_values(package, history, expected):
    with warnings.catch_warnings(action="ignore"):  # these packages warn about one another
        pytest.importorskip(package)
        table, medians = READERS[package](f"{history.path}/runs")
    assert table.column_names == COLUMNS
    rows = table.sort_by("run_id")
    assert len(rows) == len(expected) == 3_001
    for name in TEXT:
        assert rows[name].to_pylist() == [None if pd.isna(value) else value for value in expected[name]], name
    for name in TIMES:
        times = column_of_times(rows[name].cast(pa.timestamp("us", "UTC")))
        pd.testing.assert_index_equal(times, pd.DatetimeIndex(expected[name]), check_names=False)
    seconds = expected["duration"].dt.total_seconds().to_numpy(float)
    np.testing.assert_allclose(rows["duration"].to_pandas().to_numpy(float), seconds, rtol=1e-12)
    for name in ("tags", "run_config"):
        assert [json.loads(text) for text in rows[name].to_pylist()] == expected[name].tolist()
    assert rows["op_selection"].to_pylist() == expected["op_selection"].tolist()

    live = expected[expected["deleted_at"].isna()]
    by_job = live["duration"].dt.total_seconds().groupby(live["job_name"]).median()
    found = {job: value for job, value in medians.items() if value is not None}
    assert found == pytest.approx(by_job.dropna().to_dict())
