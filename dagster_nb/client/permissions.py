"""Which methods the server denies everywhere, from Dagster's own permissions."""

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
"""The methods of the client that act, with Dagster's permissions; one of them is enough to use the method."""

_NO_REASON = "the server denies it"


def denied_actions(places: Sequence[Permissions]) -> dict[str, str]:
    """Return the methods that are denied in all places, each with the reason that the server gives.

    Parameters
    ----------
    places
        For the workspace and each of its code locations, the list of ``Permission`` objects. A permission that a list
        lacks is not denied there.

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

    If the server does not list its code locations, there is a last place that denies nothing.
    """
    entries = answer["workspaceOrError"].get("locationEntries")
    locations: list[Permissions] = [[]] if entries is None else [entry["permissions"] for entry in entries]
    return [answer["permissions"], *locations]
