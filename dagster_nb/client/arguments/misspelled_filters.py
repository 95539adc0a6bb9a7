"""Find misspelled jobs, code locations and tag keys in the filters of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.arguments.job_address import list_locations, list_repositories
from dagster_nb.client.display.progress import warn
from dagster_nb.errors import DagsterNbError
from dagster_nb.graphql.counting import count_matching
from dagster_nb.graphql.multi_filter_paging import MissingRunsError
from dagster_nb.graphql.run_paging import read_pages
from dagster_nb.similar_names import NEWEST_RUNS, SimilarName, is_checking_names, is_tag_of_dagster, similar_names

if TYPE_CHECKING:
    from dagster_nb.filters import RunFilters
    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["warn_about_misspelled_filters"]


async def warn_about_misspelled_filters(api: DagsterApi, filters: RunFilters) -> None:
    """Warn about each job, code location and tag key that does not exist but is similar to an existing one.

    Call this only if no run matches, because it sends one or two requests for each kind of name. Inside a block of
    `unchecked_names`, the function does nothing.
    """
    if filters.matches_nothing or not is_checking_names():
        return
    try:
        found = await _misspelled_names(api, filters)
    except (DagsterNbError, MissingRunsError):
        # If the names cannot be checked, the result is still correct, so this is no error.
        return
    for one in found:
        warn(f"{one.problem} Did you mean {one.similar!r}?")


async def _misspelled_names(api: DagsterApi, filters: RunFilters) -> list[SimilarName]:
    found: list[SimilarName] = []
    if filters.job:
        nodes = await list_repositories(api, jobs=True)
        jobs = similar_names("job", filters.job, [job["name"] for node in nodes for job in node["jobs"]])
        # Even a job that is no longer loaded may have runs.
        found += [one for one in jobs if not await count_matching(api, {"pipelineName": one.name})]
    if filters.location:
        found += similar_names("location", filters.location, [entry["name"] for entry in await list_locations(api)])
    if searched := [key for key, _ in filters.tags if not is_tag_of_dagster(key)]:
        keys: set[str] = set()
        async for records in read_pages(api, {}, limit=NEWEST_RUNS, page_size=None, include={}):
            keys.update(tag["key"] for record in records for tag in record.get("tags") or ())
        found += similar_names("tag", searched, keys)
    return found
