"""Find required daemons that are not healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.analysis.digests.findings import Finding
from dagster_nb.analysis.read_columns import has_status
from dagster_nb.terminal_text import one_line
from dagster_nb.words import plural

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence

__all__ = ["find_daemons"]

QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"


def find_daemons(evidence: Evidence) -> list[Finding]:
    """Return one finding per required daemon that is not healthy."""
    if evidence.daemons is None:
        return []
    unhealthy = evidence.daemons[(evidence.daemons["required"] & ~evidence.daemons["healthy"]).to_numpy(dtype=bool)]
    waiting = evidence.runs[has_status(evidence.runs, "QUEUED")]
    found = []
    for daemon, heartbeat in zip(unhealthy["daemon"], unhealthy["last_heartbeat"], strict=True):
        name = one_line(daemon)
        text = f"the daemon {name} is not running"
        is_queue = daemon == QUEUE_DAEMON
        if is_queue and len(waiting):
            text += (
                f", and {plural(len(waiting), 'run')} wait for it" if len(waiting) > 1 else ", and 1 run waits for it"
            )
        ids = waiting["run_id"].tolist() if is_queue else []
        found.append(
            Finding(
                "daemon", "error", name, text, heartbeat, "certain", "the server's daemon status",
                "client.daemons()  # then start it where Dagster runs: dagster-daemon run", ids,
            )
        )  # fmt: skip
    return found
