"""Find the client methods that Dagster's permissions do not allow in any code location."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Permissions = Sequence[Mapping[str, Any]]

__all__ = ["ACTIONS", "denied_actions", "location_permissions"]

ACTIONS: dict[str, tuple[str, ...]] = {
    "launch": ("launch_pipeline_execution",),
    "launch_many": ("launch_pipeline_execution",),
    "materialize": ("launch_pipeline_execution", "launch_partition_backfill"),
    "backfill": ("launch_partition_backfill",),
    "cancel_backfill": ("cancel_partition_backfill",),
    "reexecute": ("launch_pipeline_reexecution",),
    "reexecute_many": ("launch_pipeline_reexecution",),
    "terminate": ("terminate_pipeline_execution",),
    "delete": ("delete_pipeline_run",),
    "start": ("start_schedule", "edit_sensor"),
    "stop": ("stop_running_schedule", "edit_sensor"),
    "reload_location": ("reload_repository_location",),
    "shutdown_location": ("reload_repository_location",),
}
"""The client methods that change something, with the permissions that allow them. One permission is enough."""

_NO_REASON = "the server gave no reason"


def denied_actions(places: Sequence[Permissions]) -> dict[str, str]:
    """Return the methods that the server permits neither in the workspace nor in any code location, with its reasons.

    Parameters
    ----------
    places
        The lists of ``Permission`` objects for the workspace and for each code location. If a permission is missing
        from one of the lists, it is not denied.

    Examples
    --------
    >>> viewer = [{"permission": "delete_pipeline_run", "value": False, "disabledReason": "You are a viewer."}]
    >>> denied_actions([viewer])
    {'delete': 'You are a viewer.'}
    >>> denied_actions([viewer, [{"permission": "delete_pipeline_run", "value": True}]])
    {}
    """
    reasons = [
        {one["permission"]: one.get("disabledReason") or _NO_REASON for one in place if not one["value"]}
        for place in places
    ]
    return {
        action: reasons[0][needed[0]]
        for action, needed in ACTIONS.items()
        if all(permission in denied for denied in reasons for permission in needed)
    }


def location_permissions(answer: Mapping[str, Any]) -> list[Permissions]:
    """Return the permissions in the workspace and in each code location, from a response to ``permissions.graphql``.

    If the server does not list its code locations, an empty list is added, so that no action counts as denied
    everywhere.
    """
    entries = answer["workspaceOrError"].get("locationEntries")
    locations: list[Permissions] = [[]] if entries is None else [entry["permissions"] for entry in entries]
    return [answer["permissions"], *locations]
