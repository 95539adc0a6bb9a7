"""Count runs without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.graphql.multi_filter_paging import list_merged_ids
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from dagster_nb.graphql.dagster_api import DagsterApi
    from dagster_nb.graphql.run_filters import RunsFilter, ServerFilters

__all__ = ["count_matching", "count_runs"]


async def count_runs(api: DagsterApi, filters: ServerFilters) -> int:
    """Return the number of runs that match any of several filters that do not overlap (``Runs.count``)."""
    if filters.excluded:
        return sum([len(ids) async for ids in list_merged_ids(api, filters)])
    return sum([await count_matching(api, one) for one in filters.filters])


async def count_matching(api: DagsterApi, runs_filter: RunsFilter) -> int:
    """Return the number of runs that match one ``RunsFilter`` (``Runs.count``)."""
    data = await api.query("run_count", {"filter": runs_filter})
    count: int = unwrap(data["runsOrError"], "Runs")["count"]
    return count
