"""Fixtures: a realistic history, and axes without pyplot."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

NOW = pd.Timestamp("2026-03-31 12:00", tz="UTC")
JOBS = {"ingest": 45, "report": 900, "features": 320, "training": 7200}


@pytest.fixture
def ax():
    return Figure(figsize=(9, 3.5), layout="constrained").subplots()


@pytest.fixture
def render():
    """Return a function that draws the figure of some axes."""

    def rendered(ax):
        png = io.BytesIO()
        ax.figure.savefig(png, format="png")
        return png.getvalue()

    return rendered


@pytest.fixture(scope="session")
def make_runs():
    """Return a function that creates runs from ninety days, newest first, in the format of ``client.runs()``."""

    def make(count, *, seed=0, jobs=JOBS):
        random = np.random.default_rng(seed)
        names = np.array(list(jobs), dtype=object)
        job = random.integers(0, len(names), count)
        created = NOW - pd.to_timedelta(np.sort(random.integers(0, 90 * 86400, count)), unit="s")
        started = created + pd.to_timedelta((random.lognormal(1, 1, count) * 1e6).astype("int64"), unit="us")
        seconds = np.array(list(jobs.values()))[job] * random.lognormal(0, 0.4, count)
        status = random.choice(["SUCCESS", "FAILURE", "CANCELED"], count, p=[0.9, 0.08, 0.02])
        runs = pd.DataFrame(
            {
                "run_id": pd.array([f"run{i}" for i in range(count)], dtype=pd.StringDtype()),
                "job_name": pd.array(names[job], dtype=pd.StringDtype()),
                "status": pd.Categorical(status, categories=["QUEUED", "STARTED", "SUCCESS", "FAILURE", "CANCELED"]),
                "creation_time": pd.Series(created).astype("datetime64[us, UTC]"),
                "start_time": pd.Series(started).astype("datetime64[us, UTC]"),
            }
        )
        runs["duration"] = pd.Series(pd.to_timedelta((seconds * 1e6).astype("int64"), unit="us"))
        runs["duration"] = runs["duration"].astype("timedelta64[us]")
        runs["end_time"] = runs["start_time"] + runs["duration"]
        runs["queue_duration"] = (runs["start_time"] - runs["creation_time"]).astype("timedelta64[us]")
        # The newest run is still running, and the second newest is queued.
        runs.loc[:1, ["duration", "end_time"]] = pd.NaT
        runs.loc[:1, "status"] = ["STARTED", "QUEUED"][: len(runs.loc[:1])]
        runs.loc[1:1, ["start_time", "queue_duration"]] = pd.NaT
        runs.attrs["dagster_nb"] = {"fetched_at": (NOW + pd.Timedelta(hours=2)).isoformat()}
        return runs

    return make


@pytest.fixture(scope="session")
def runs(make_runs):
    return make_runs(2000)


@pytest.fixture(scope="session")
def many_runs(make_runs):
    return make_runs(100_000)


@pytest.fixture
def steps():
    """Return the steps of one run: two succeeded, one failed, one is running, and two never started."""
    start = pd.to_datetime(["10:00:00", "10:00:30", "10:01:00", "10:02:00", None, None], format="%H:%M:%S")
    day = pd.Timestamp("2026-03-31", tz="UTC")
    started = pd.Series(start).dt.tz_localize("UTC") + (day - pd.Timestamp("1900-01-01", tz="UTC"))
    length = pd.Series(pd.to_timedelta([30, 30, 60, None, None, None], unit="s"))
    return pd.DataFrame(
        {
            "run_id": pd.array(["a"] * 6, dtype=pd.StringDtype()),
            "step_key": pd.array(["load", "clean", "train", "score", "report", "notify"], dtype=pd.StringDtype()),
            "status": ["SUCCESS", "SUCCESS", "FAILURE", "IN_PROGRESS", "SKIPPED", "SKIPPED"],
            "start_time": started.astype("datetime64[us, UTC]"),
            "end_time": (started + length).astype("datetime64[us, UTC]"),
            "duration": length.astype("timedelta64[us]"),
            "attempts": [1, 1, 3, 1, 0, 0],
        }
    ).iloc[::-1]


@pytest.fixture
def ops():
    return pd.DataFrame(
        {
            "op": pd.array(["load", "halves.split", "halves.join", "report"], dtype=pd.StringDtype()),
            "graph": pd.array([None, "halves", "halves", None], dtype=pd.StringDtype()),
            "depends_on": [[], ["load"], ["halves.split"], ["halves.join", "load"]],
        }
    )


@pytest.fixture
def assets():
    return pd.DataFrame(
        {
            "asset": pd.array(["raw", "shop/orders", "shop/revenue", "report"], dtype=pd.StringDtype()),
            "group": pd.array(["sources", "sales", "sales", "reports"], dtype=pd.StringDtype()),
            "depends_on": [[], ["raw", "elsewhere"], ["shop/orders"], ["shop/revenue", "raw"]],
            "stale_status": pd.array(["FRESH", "STALE", "MISSING", None], dtype=pd.StringDtype()),
        }
    )


@pytest.fixture
def daily_partitions():
    """Return 60 daily partitions: one is missing, two failed, and the last is in progress."""
    days = pd.date_range("2026-01-01", periods=60).strftime("%Y-%m-%d")
    status = pd.Series(["MATERIALIZED"] * 60)
    status[[20, 40, 41, 59]] = ["MISSING", "FAILED", "FAILED", "MATERIALIZING"]
    return pd.DataFrame({"partition_key": days.astype("string"), "status": status.astype("string")})


@pytest.fixture
def materializations():
    """Return 30 materializations, newest first, with numeric and text metadata and a missing value."""
    times = pd.date_range("2026-01-01", periods=30, freq="D", tz="UTC")[::-1]
    rows = pd.array(range(30, 0, -1), dtype="Int64")
    rows[3] = pd.NA
    return pd.DataFrame(
        {
            "timestamp": times.as_unit("us"),
            "partition_key": times.strftime("%Y-%m-%d").astype("string"),
            "metadata.note": pd.array(["x"] * 30, dtype=pd.StringDtype()),
            "metadata.ok": pd.array([True] * 30, dtype="boolean"),
            "metadata.rows": rows,
            "metadata.share": np.linspace(0, 1, 30),
        }
    )


@pytest.fixture
def sensor_ticks():
    """Return ticks of a sensor and a schedule. Most were skipped, and one failed."""
    return pd.DataFrame(
        {
            "name": pd.array(["files"] * 50 + ["hourly"] * 10, dtype=pd.StringDtype()),
            "status": pd.array(["SKIPPED"] * 48 + ["FAILURE", "SUCCESS"] + ["SUCCESS"] * 10, dtype=pd.StringDtype()),
            "timestamp": pd.date_range("2026-01-01", periods=60, freq="h", tz="UTC").as_unit("us"),
        }
    )
