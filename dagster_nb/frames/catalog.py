"""Frames of code locations, repositories, jobs and daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.frames import columns
from dagster_nb.frames.innermost_cause import innermost_cause
from dagster_nb.frames.runs import tag_dict
from dagster_nb.frames.stacks import own_code_frame, stack_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["daemons_frame", "jobs_frame", "locations_frame", "repositories_frame"]

Node = dict[str, Any]


def locations_frame(entries: Sequence[Node]) -> pd.DataFrame:
    """Return code locations as a frame.

    Parameters
    ----------
    entries
        The members of ``Workspace.locationEntries``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.locations`.

    Examples
    --------
    >>> locations_frame([]).columns.tolist()
    ['location', 'status', 'error', 'update_time']
    """
    errors = [_load_error(entry) for entry in entries]
    return columns.frame(
        {
            "location": columns.strings(entry["name"] for entry in entries),
            "status": columns.strings(
                "error" if error is not None else _load_status(entry)
                for entry, error in zip(entries, errors, strict=True)
            ),
            "error": columns.strings(None if error is None else _readable(error) for error in errors),
            "update_time": columns.times(entry.get("updatedTimestamp") for entry in entries),
        }
    )


def repositories_frame(nodes: Sequence[Node]) -> pd.DataFrame:
    """Return repositories as a frame.

    Parameters
    ----------
    nodes
        The members of ``RepositoryConnection.nodes``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.repositories`.

    Examples
    --------
    >>> repositories_frame([]).columns.tolist()
    ['repository', 'location']
    """
    return columns.frame(
        {
            "repository": columns.strings(node["name"] for node in nodes),
            "location": columns.strings(node["location"]["name"] for node in nodes),
        }
    )


def jobs_frame(nodes: Sequence[Node]) -> pd.DataFrame:
    """Return the jobs of repositories as a frame.

    Parameters
    ----------
    nodes
        The members of ``RepositoryConnection.nodes``, including their jobs.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.jobs`.

    Examples
    --------
    >>> jobs_frame([])["is_asset_job"].dtype
    dtype('bool')
    """
    jobs = [(node, job) for node in nodes for job in node["jobs"]]
    return columns.frame(
        {
            "job_name": columns.strings(job["name"] for _, job in jobs),
            "repository": columns.strings(node["name"] for node, _ in jobs),
            "location": columns.strings(node["location"]["name"] for node, _ in jobs),
            "is_asset_job": columns.flags(job.get("isAssetJob") for _, job in jobs),
            "description": columns.strings(job.get("description") for _, job in jobs),
            "tags": columns.objects(tag_dict(job["tags"]) if "tags" in job else None for _, job in jobs),
        }
    )


def daemons_frame(statuses: Sequence[Node]) -> pd.DataFrame:
    """Return daemons as a frame.

    Parameters
    ----------
    statuses
        The members of ``DaemonHealth.allDaemonStatuses``.

    Returns
    -------
    pandas.DataFrame
        The columns of `DagsterClient.daemons`.

    Examples
    --------
    >>> daemons_frame([])["healthy"].dtype
    dtype('bool')
    """
    return columns.frame(
        {
            "daemon": columns.strings(status["daemonType"] for status in statuses),
            "required": columns.flags(status.get("required") for status in statuses),
            "healthy": columns.flags(bool(status["healthy"]) if "healthy" in status else None for status in statuses),
            "last_heartbeat": columns.times(status.get("lastHeartbeatTime") for status in statuses),
        }
    )


def _load_status(entry: Node) -> str | None:
    status: str | None = entry.get("loadStatus")
    # If the server does not provide `loadStatus`, a location that is still loading looks like a location without code.
    if status is None and entry["locationOrLoadError"] is not None:
        status = "LOADED"
    return None if status is None else status.lower()


def _load_error(entry: Node) -> Node | None:
    loaded: Node | None = entry["locationOrLoadError"]
    return loaded if loaded is not None and loaded["__typename"] == "PythonError" else None


def _readable(error: Node) -> str:
    """Return the message of the innermost cause, and the line of the user's own code."""
    cause = innermost_cause(error)
    frame = own_code_frame(stack_frames("".join(cause.get("stack") or ())))
    message = (cause.get("message") or "").strip()
    return "\n".join(filter(None, [message, frame.text if frame is not None and frame.is_own else ""]))
