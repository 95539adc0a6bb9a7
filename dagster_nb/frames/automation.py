"""Frames of schedules, sensors and their ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.asset_keys import asset_keys
from dagster_nb.frames.error_columns import error_columns
from dagster_nb.frames.runs import tag_dict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["schedules_frame", "sensors_frame", "ticks_frame"]

Node = dict[str, Any]


def schedules_frame(repositories: Sequence[Node]) -> pd.DataFrame:
    """Return the schedules of repositories as a frame.

    Parameters
    ----------
    repositories
        The members of ``RepositoryConnection.nodes``, including ``schedules``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.schedules`.

    Examples
    --------
    >>> schedules_frame([])["next_tick"].dtype
    datetime64[us, UTC]
    """
    found = [(repository, one) for repository in repositories for one in repository["schedules"]]
    states = [one["scheduleState"] for _, one in found]
    return columns.frame(
        {
            "schedule": columns.strings(one["name"] for _, one in found),
            "location": columns.strings(repository["location"]["name"] for repository, _ in found),
            "repository": columns.strings(repository["name"] for repository, _ in found),
            **_state_columns(states),
            "cron_schedule": columns.strings(one.get("cronSchedule") for _, one in found),
            "time_zone": columns.strings(one.get("executionTimezone") for _, one in found),
            "job_name": columns.strings(one.get("pipelineName") for _, one in found),
            "assets": columns.objects(_selected_assets(one) for _, one in found),
            **_description_columns([one for _, one in found]),
        }
    )


def sensors_frame(repositories: Sequence[Node]) -> pd.DataFrame:
    """Return the sensors of repositories as a frame.

    Parameters
    ----------
    repositories
        The members of ``RepositoryConnection.nodes``, including ``sensors``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.sensors`.

    Examples
    --------
    >>> sensors_frame([])["min_interval"].dtype
    dtype('<m8[us]')
    """
    found = [(repository, one) for repository in repositories for one in repository["sensors"]]
    states = [one["sensorState"] for _, one in found]
    return columns.frame(
        {
            "sensor": columns.strings(one["name"] for _, one in found),
            "location": columns.strings(repository["location"]["name"] for repository, _ in found),
            "repository": columns.strings(repository["name"] for repository, _ in found),
            **_state_columns(states),
            "sensor_type": columns.strings(one.get("sensorType") for _, one in found),
            "min_interval": columns.durations(one.get("minIntervalSeconds") for _, one in found),
            "job_names": columns.objects(
                None if "targets" not in one else [target["pipelineName"] for target in one["targets"] or ()]
                for _, one in found
            ),
            "assets": columns.objects(_selected_assets(one) for _, one in found),
            **_description_columns([one for _, one in found]),
        }
    )


def ticks_frame(ticks: Sequence[Node], address: Mapping[str, str]) -> pd.DataFrame:
    """Return the ticks of a schedule or a sensor as a frame.

    Parameters
    ----------
    ticks
        The members of ``InstigationState.ticks``.
    address
        The ``name``, ``location`` and ``repository`` of the schedule or sensor.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.ticks`.

    Examples
    --------
    >>> ticks_frame([], {"name": "hourly", "location": "etl", "repository": "repo"})["duration"].dtype
    dtype('<m8[us]')
    """
    start = columns.times(tick["timestamp"] for tick in ticks)
    end = columns.times(tick.get("endTimestamp") for tick in ticks)
    return columns.frame(
        {
            **{key: columns.strings(address[key] for _ in ticks) for key in ("name", "location", "repository")},
            "tick_id": columns.strings(tick["tickId"] for tick in ticks),
            "status": columns.strings(tick["status"] for tick in ticks),
            "timestamp": start,
            "end_time": end,
            "duration": end - start,
            "run_ids": columns.objects(tick.get("runIds") for tick in ticks),
            "skip_reason": columns.strings(tick.get("skipReason") for tick in ticks),
            **error_columns([tick.get("error") for tick in ticks]),
        }
    )


def _state_columns(states: Sequence[Node]) -> dict[str, Any]:
    last = [(state.get("lastTicks") or [{}])[0] for state in states]
    return {
        "status": columns.strings(state["status"] for state in states),
        "next_tick": columns.times((state.get("nextTick") or {}).get("timestamp") for state in states),
        "last_tick": columns.times(tick.get("timestamp") for tick in last),
        "last_tick_status": columns.strings(tick.get("status") for tick in last),
    }


def _description_columns(nodes: Sequence[Node]) -> dict[str, Any]:
    return {
        "description": columns.strings(node.get("description") for node in nodes),
        "tags": columns.objects(tag_dict(node["tags"]) if "tags" in node else None for node in nodes),
    }


def _selected_assets(node: Node) -> list[str] | None:
    selection = node.get("assetSelection")
    return None if selection is None else asset_keys(selection["assetKeys"])
