"""Runs in the format of Dagster's GraphQL API, and filters for them.

The filters behave like Dagster's. They share no code with dagster_nb, so tests can compare its filters with them.
`tests/tooling/test_fake.py` compares the filters with the installed Dagster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Run = dict[str, Any]


def make_run(number: int, **changes: Any) -> Run:
    """Return a run. Newer runs have higher numbers."""
    return {
        "runId": f"{number:08d}-0000-4000-8000-000000000000",
        "jobName": "nightly",
        "status": "SUCCESS",
        "creationTime": 1_700_000_000.0 + number,
        "startTime": 1_700_000_001.0 + number,
        "endTime": 1_700_000_011.25 + number,
        "updateTime": 1_700_000_012.0 + number,
        "repositoryOrigin": {"repositoryLocationName": "etl", "repositoryName": "repo"},
        "rootRunId": None,
        "parentRunId": None,
        "tags": [],
        "runConfig": {},
        "assetSelection": None,
        "assetCheckSelection": None,
        "solidSelection": None,
        "pipelineSnapshotId": "snapshot",
        "hasTerminatePermission": True,
        "hasDeletePermission": True,
        **changes,
    }


def matching(
    runs: Sequence[Run], filters: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int | None = None
) -> list[Run]:
    """Return the runs that Dagster would return.

    Parameters
    ----------
    runs
        All runs, newest first.
    filters
        A ``RunsFilter``. As in Dagster, empty lists, empty strings and zeros select every run, ``mode`` is ignored, and
        only the last value of a repeated tag key counts.
    cursor
        The id of the last run of the previous page. If this run was deleted, no runs are returned.
    limit
        The maximum number of runs. Zero and negative numbers mean no limit.
    """
    filters = filters or {}
    older = _older_than(runs, cursor) if cursor else runs
    found = [run for run in older if _matches_values(run, filters) and _matches_times(run, filters)]
    return found[:limit] if limit and limit > 0 else found


def _older_than(runs: Sequence[Run], cursor: str) -> Sequence[Run]:
    places = [place for place, run in enumerate(runs) if run["runId"] == cursor]
    return runs[places[0] + 1 :] if places else []


def _matches_values(run: Run, filters: Mapping[str, Any]) -> bool:
    if filters.get("runIds") and run["runId"] not in filters["runIds"]:
        return False
    if filters.get("pipelineName") and run["jobName"] != filters["pipelineName"]:
        return False
    if filters.get("statuses") and run["status"] not in filters["statuses"]:
        return False
    if filters.get("snapshotId") and run["pipelineSnapshotId"] != filters["snapshotId"]:
        return False
    wanted = {tag["key"]: tag["value"] for tag in filters.get("tags") or []}
    return wanted.items() <= _stored_tags(run).items()


def _stored_tags(run: Run) -> dict[str, str]:
    """Return the tags of a run, including the hidden tag with its code location."""
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    if (origin := run["repositoryOrigin"]) is not None:
        tags[".dagster/repository"] = f"{origin['repositoryName']}@{origin['repositoryLocationName']}"
    return tags


def _matches_times(run: Run, filters: Mapping[str, Any]) -> bool:
    """Return whether a run's times are within the exclusive bounds, compared in whole microseconds."""
    for time in ("created", "updated"):
        at = run["creationTime" if time == "created" else "updateTime"]
        after, before = filters.get(f"{time}After"), filters.get(f"{time}Before")
        if (after or before) and at is None:
            return False
        if after and not _microseconds(at) > _microseconds(after):
            return False
        if before and not _microseconds(at) < _microseconds(before):
            return False
    return True


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
