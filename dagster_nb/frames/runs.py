"""The frame of runs, with one row per run, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dagster_nb.filters import as_strings
from dagster_nb.frames import columns
from dagster_nb.frames.asset_keys import asset_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

__all__ = [
    "INCLUDABLE",
    "LAUNCHED_BY_TAGS",
    "PARTITION_TAG",
    "IncludedColumn",
    "expand_tags",
    "included_columns",
    "runs_frame",
    "tag_dict",
]

Record = dict[str, Any]

IncludedColumn: TypeAlias = Literal["run_config", "asset_selection", "op_selection"]
"""An optional column of `DagsterClient.runs`, which is read only on request."""

# The columns that `include=` can add, with the document variables that request them.
INCLUDABLE = {"run_config": "runConfig", "asset_selection": "assetSelection", "op_selection": "opSelection"}

PARTITION_TAG = "dagster/partition"
# The tags that show who or what launched a run, from the most to the least specific.
LAUNCHED_BY_TAGS = ("dagster/schedule_name", "dagster/sensor_name", "dagster/backfill", "user")

_NEVER_STARTED = frozenset({"CANCELED", "FAILURE"})


def runs_frame(
    records: Sequence[Record], *, include: Sequence[str] = (), known_statuses: Sequence[str] = columns.RUN_STATUSES
) -> pd.DataFrame:
    """Return runs as a frame.

    Parameters
    ----------
    records
        The members of ``Runs.results``, as requested by the document ``runs``.
    include
        Optional columns to add: ``"run_config"``, ``"asset_selection"``, ``"op_selection"``.
    known_statuses
        The known statuses, in order.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.runs`.

    Examples
    --------
    >>> runs_frame([])["duration"].dtype
    dtype('<m8[us]')
    """
    # In parsed JSON, each run has its own copy of strings such as "team". If all runs share one copy, a million runs
    # need only half as much memory.
    shared: dict[str, str] = {}
    tags = [tag_dict(record["tags"], shared) if "tags" in record else {} for record in records]
    origins = [record.get("repositoryOrigin") or {} for record in records]
    creation = columns.times(record.get("creationTime") for record in records)
    start = columns.times(_start_time(record) for record in records)
    end = columns.times(record.get("endTime") for record in records)
    built: dict[str, Any] = {
        "run_id": columns.strings(record["runId"] for record in records),
        "job_name": columns.strings(record.get("jobName") for record in records),
        "status": columns.statuses([record.get("status") for record in records], known_statuses),
        "creation_time": creation,
        "start_time": start,
        "end_time": end,
        "update_time": columns.times(record.get("updateTime") for record in records),
        "queue_duration": start - creation,
        "duration": end - start,
        "location": columns.strings(origin.get("repositoryLocationName") for origin in origins),
        "repository": columns.strings(origin.get("repositoryName") for origin in origins),
        "partition_key": columns.strings(one.get(PARTITION_TAG) for one in tags),
        "launched_by": columns.strings(_launched_by(one) for one in tags),
        "root_run_id": columns.strings(record.get("rootRunId") for record in records),
        "parent_run_id": columns.strings(record.get("parentRunId") for record in records),
        "tags": columns.objects(one if "tags" in record else None for record, one in zip(records, tags, strict=True)),
    }
    if "run_config" in include:
        built["run_config"] = columns.objects(record.get("runConfig") for record in records)
    if "asset_selection" in include:
        built["asset_selection"] = columns.objects(asset_keys(record.get("assetSelection")) for record in records)
    if "op_selection" in include:
        built["op_selection"] = columns.objects(record.get("solidSelection") for record in records)
    return columns.frame(built)


def expand_tags(runs: pd.DataFrame, keys: Iterable[str] | str | None = None) -> pd.DataFrame:
    """Return the frame with a column ``tags.<key>`` for each tag.

    Parameters
    ----------
    runs
        A frame with a ``tags`` column of dicts.
    keys
        The keys of the tags to add. None adds all tags that occur, in alphabetical order. If no run has a tag, its
        column contains only NA.

    Returns
    -------
    pandas.DataFrame
        A new frame. The added columns have the dtype `pd.StringDtype`, with NA if a run does not have the tag.

    Raises
    ------
    ValueError
        If the frame has no ``tags`` column.

    Examples
    --------
    >>> frame = runs_frame([{"runId": "a", "status": "SUCCESS", "tags": [{"key": "team", "value": "data"}]}])
    >>> expand_tags(frame)["tags.team"].tolist()
    ['data']
    """
    if "tags" not in runs.columns:
        raise ValueError("this frame has no column 'tags'. Pass a frame that runs() returned.")
    tags = runs["tags"].tolist()
    if keys is None:
        wanted = sorted({key for one in tags for key in one or ()})
    else:
        wanted = [keys] if isinstance(keys, str) else list(keys)
    return runs.assign(**{f"tags.{key}": columns.strings((one or {}).get(key) for one in tags) for key in wanted})


def included_columns(include: str | Iterable[str]) -> list[str]:
    """Return the names of the optional columns that the ``include`` argument of `DagsterClient.runs` selects.

    Raises
    ------
    ValueError
        If `include` names a column that does not exist.

    Examples
    --------
    >>> included_columns("run_config")
    ['run_config']
    """
    names = as_strings(include, "include") or ()
    for name in names:
        if name not in INCLUDABLE:
            raise ValueError(f"include does not accept {name!r}. Use one of: {', '.join(map(repr, INCLUDABLE))}.")
    return list(names)


def tag_dict(tags: Iterable[Record] | None, shared: dict[str, str] | None = None) -> dict[str, str]:
    """Return the tags of a run, a job or a partition (``PipelineTag``) as a dict.

    Parameters
    ----------
    tags
        The tags, as returned by the server.
    shared
        The strings so far, which replace equal strings in order to save memory. New strings are added.

    Examples
    --------
    >>> tag_dict([{"key": "team", "value": "data"}])
    {'team': 'data'}
    """
    share = ({} if shared is None else shared).setdefault
    return {share(tag["key"], tag["key"]): share(tag["value"], tag["value"]) for tag in tags or ()}


def _start_time(record: Record) -> float | None:
    start: float | None = record.get("startTime")
    # If a run ended before it started, the server returns the end as its start time. If the server does not provide the
    # status, recognize such a run by its equal times, because no real run starts and ends in the same microsecond.
    if start is not None and start == record.get("endTime") and record.get("status", "CANCELED") in _NEVER_STARTED:
        return None
    return start


def _launched_by(tags: dict[str, str]) -> str | None:
    return next((tags[key] for key in LAUNCHED_BY_TAGS if key in tags), None)
