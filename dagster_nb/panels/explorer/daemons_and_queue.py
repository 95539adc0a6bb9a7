"""Read the state of the server: its daemons, and the numbers of waiting runs and of runs in progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster_nb.panels.explorer.source import has_methods

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WAITING", "ServerState", "describe_daemons", "read_server_state"]

QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"
WAITING = ["QUEUED", "NOT_STARTED"]
"""The statuses of runs that have not started."""

_RUNNING = ["STARTING", "STARTED", "CANCELING"]


@dataclass(frozen=True)
class ServerState:
    """The state of the server.

    Parameters
    ----------
    daemons
        The result of `DagsterClient.daemons`, or None if the source has no daemons.
    queued, running
        The number of waiting runs and the number of runs in progress.
    """

    daemons: pd.DataFrame | None
    queued: int
    running: int

    @property
    def is_queue_stuck(self) -> bool:
        """Whether runs are waiting while the daemon that starts them is not healthy."""
        if self.daemons is None or not self.queued:
            return False
        daemon = self.daemons[self.daemons["daemon"] == QUEUE_DAEMON]
        return bool((daemon["required"] & ~daemon["healthy"]).any())


def read_server_state(source: Any) -> ServerState:  # noqa: ANN401 - a RunSource, perhaps with daemons
    """Read the state of the server. Call this function in a background thread."""
    return ServerState(
        source.daemons() if has_methods(source, "daemons") else None,
        source.count_runs(status=WAITING),
        source.count_runs(status=_RUNNING),
    )


def describe_daemons(daemons: pd.DataFrame) -> tuple[bool, str]:
    """Return whether all required daemons are healthy, and a text that says so or names a problem.

    Parameters
    ----------
    daemons
        The result of `DagsterClient.daemons`.
    """
    required = daemons[daemons["required"]]
    unhealthy = required["daemon"][~required["healthy"]].tolist()
    if not len(required):
        return True, "no daemon needed"
    if not unhealthy:
        return True, "daemon running"
    if len(unhealthy) == len(required):
        description = "daemon not running"
    else:
        description = f"{', '.join(name.replace('_', ' ').lower() for name in unhealthy)} not running"
    return False, f"{description}: runs will stay queued" if QUEUE_DAEMON in unhealthy else description
