"""The frame of backfills: one row per backfill, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.asset_keys import asset_keys
from dagster_nb.frames.runs import tag_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["backfill_job", "backfills_frame"]

Record = dict[str, Any]

_PARTITION_SET_SUFFIX = "_partition_set"


def backfills_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return backfills as a frame.

    Parameters
    ----------
    records
        The members of ``PartitionBackfills.results``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.backfills`.

    Examples
    --------
    >>> backfills_frame([])["partition_count"].dtype
    Int64Dtype()
    """
    creation = columns.times(record.get("timestamp") for record in records)
    end = columns.times(record.get("endTimestamp") for record in records)
    return columns.frame(
        {
            "backfill_id": columns.strings(record["id"] for record in records),
            "status": columns.strings(record["status"] for record in records),
            "job_name": columns.strings(backfill_job(record) for record in records),
            "assets": columns.objects(asset_keys(record.get("assetSelection")) for record in records),
            "partition_count": columns.nullable_integers(record.get("numPartitions") for record in records),
            "partition_keys": columns.objects(record.get("partitionNames") for record in records),
            "creation_time": creation,
            "end_time": end,
            "duration": end - creation,
            "tags": columns.objects(tag_dict(record["tags"]) if "tags" in record else None for record in records),
            "error_message": columns.strings((record.get("error") or {}).get("message") for record in records),
        }
    )


def backfill_job(record: Record) -> str | None:
    """Return the job of a backfill; None for a backfill of assets without a job.

    Before Dagster 1.8, a server returns only the name of the job's partition set, which contains the name of the job.

    Examples
    --------
    >>> backfill_job({"partitionSetName": "nightly_partition_set"})
    'nightly'
    """
    job: str | None = record.get("jobName")
    partition_set: str | None = record.get("partitionSetName")
    if job is None and partition_set is not None and partition_set.endswith(_PARTITION_SET_SUFFIX):
        return partition_set.removesuffix(_PARTITION_SET_SUFFIX)
    return job
