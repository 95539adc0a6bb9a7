"""Read the states of runs by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from dagster_nb.chunks import in_chunks
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["RunState", "read_run_states"]

RunState: TypeAlias = dict[str, Any]
"""A run's ``status``, and this client's permissions for the run."""

_RUNS_PER_REQUEST = 500


async def read_run_states(api: DagsterApi, ids: Sequence[str]) -> dict[str, RunState]:
    """Return the states of the existing runs, by id."""
    states: dict[str, RunState] = {}
    for page in in_chunks(ids, _RUNS_PER_REQUEST):
        answer = await api.query("run_states", {"runIds": page, "limit": len(page)})
        for state in unwrap(answer["runsOrError"], "Runs")["results"]:
            states[state["runId"]] = state
    return states
