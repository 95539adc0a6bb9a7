"""A child process that refreshes a history until the test kills it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import dagster_nb as dnb
from dagster_nb.history import find_deleted_runs, refresh

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

# These values are small, so that each refresh needs several pages and commits.
PAGE_SIZE, RUNS_PER_COMMIT = 3, 4
# Dagster truncates some update times to whole seconds, so a new run may have an update time before its creation.
OVERLAP = "1.5s"


def small_steps(client: dnb.DagsterClient, path: Path) -> Any:
    """Return a history that reads and commits only a few runs at a time."""
    refresh._RUNS_PER_COMMIT = RUNS_PER_COMMIT
    refresh._IDS_PER_PAGE = find_deleted_runs._MAX_IDS_TO_LIST = PAGE_SIZE
    history = client.history(path)
    history._source.iter_runs = partial(client.iter_runs, page_size=PAGE_SIZE)
    return history


def refresh_in_child(url: str, path: Path, started: Connection) -> None:
    """Tell the test through the connection that the refresh begins, and then refresh the history."""
    with dnb.connect(url, progress=False) as client:
        history = small_steps(client, path)
        started.send("started")
        history.refresh(overlap=OVERLAP, all_deleted=True)
