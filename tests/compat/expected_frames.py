"""Build the expected frames from `past_runs.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tests.compat.served.past_runs import FINISHED, LOCATION, REPOSITORY, PastRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STATUSES = [
    "QUEUED", "NOT_STARTED", "MANAGED", "STARTING", "STARTED", "SUSPENDED", "SUCCESS", "FAILURE", "CANCELING",
    "CANCELED",
]  # fmt: skip
METADATA: dict[str, str | None] = dict.fromkeys(
    [
        "FloatMetadataEntry.floatRepr",
        "... on CodeReferencesMetadataEntry",
        "... on PoolMetadataEntry",
        "... on TableColumnLineageMetadataEntry",
        "... on TimestampMetadataEntry",
    ]
)
"""Parts of metadata entries that old versions lack. No column depends on one of these parts alone."""

LAUNCHED_BY = ("dagster/schedule_name", "user")


def runs_frame(runs: Sequence[PastRun], *, creation: bool) -> pd.DataFrame:
    """Return the frame that `client.runs` should return for these runs.

    Parameters
    ----------
    runs
        The runs in the expected order.
    creation
        Whether the server provides creation times.
    """
    created = times([run.created if creation else None for run in runs])
    started = times([run.started for run in runs])
    ended = times([run.ended for run in runs])
    return pd.DataFrame(
        {
            "run_id": texts(run.run_id for run in runs),
            "job_name": texts(run.job for run in runs),
            "status": pd.Categorical([run.status for run in runs], categories=STATUSES),
            "creation_time": created,
            "start_time": started,
            "end_time": ended,
            "update_time": times([run.updated for run in runs]),
            "queue_duration": started - created,
            "duration": lengths(
                [run.ended - run.started if run.started and run.status in FINISHED else None for run in runs]
            ),
            "location": texts(LOCATION if run.placed else None for run in runs),
            "repository": texts(REPOSITORY if run.placed else None for run in runs),
            "partition_key": texts(run.tags.get("dagster/partition") for run in runs),
            "launched_by": texts(next((run.tags[key] for key in LAUNCHED_BY if key in run.tags), None) for run in runs),
            "root_run_id": texts(run.root_run_id for run in runs),
            "parent_run_id": texts(run.parent_run_id for run in runs),
            "tags": objects([run.tags for run in runs]),
        }
    )


def texts(values: Iterable[str | None]) -> pd.Series:
    return pd.Series(list(values), dtype=pd.StringDtype())


def objects(values: Sequence[object]) -> pd.Series:
    return pd.Series(list(values), dtype=object)


def times(micros: Sequence[int | None]) -> pd.Series:
    naive = np.array(["NaT" if value is None else value for value in micros], dtype="datetime64[us]")
    return pd.Series(naive).dt.tz_localize("UTC")


def lengths(micros: Sequence[int | None]) -> pd.Series:
    return pd.Series(np.array(["NaT" if value is None else value for value in micros], dtype="timedelta64[us]"))
